import { WalrusError, type BlockFileDirectory } from '@walrus/core'
import { BATCH_HEADER_BYTES, crc32, writeBatchHeader } from '@walrus/protocol'
import { decodeBlockSlot, encodeBlockSlot, slotChecksum, type BlockSlot } from '../format/block-slot.js'
import { FRAME_BYTES } from '../format/frame.js'
import { slotPosition } from '../format/geometry.js'
import type { Finding } from './finding.js'
import type { LogFixture } from './log-fixture.test.js'
import type { BatchView } from './views.js'

/** Where a batch's header and payload stand, from its frame on. */
export const HEADER = FRAME_BYTES
export const PAYLOAD = FRAME_BYTES + BATCH_HEADER_BYTES

/** The finding of a batch that is lost with all its entries. */
export function lostBatch(batch: BatchView, what: string): Finding {
  const { file, byte, topic, segment, firstOffset: offset, entryCount } = batch
  const byteCount = PAYLOAD + batch.payloadBytes
  return { severity: 'damage', kind: 'batch', file, byte, byteCount, topic, segment, offset, entryCount, what }
}

export type Slot = { readonly file: string; readonly firstBlock: number }

export function rewriteSlot(log: LogFixture, place: Slot, change: (slot: BlockSlot) => BlockSlot): void {
  writeSlot(log, place, change(readSlot(log, place)))
}

/** What the slots say changes places, with checksums that are good there. */
export function swapSlots(log: LogFixture, one: Slot, other: Slot): void {
  const [first, second] = [readSlot(log, one), readSlot(log, other)]
  writeSlot(log, one, second)
  writeSlot(log, other, first)
}

export function readSlot(log: LogFixture, { file, firstBlock }: Slot): BlockSlot {
  const slot = decodeBlockSlot(log.bytes(file), slotPosition(firstBlock), slotChecksum(Number(file), firstBlock, crc32))
  if (typeof slot === 'string') throw new Error(`slot of block ${firstBlock} is ${slot}`)
  return slot
}

export function writeSlot(log: LogFixture, { file, firstBlock }: Slot, slot: BlockSlot): void {
  const bytes = encodeBlockSlot(slot, slotChecksum(Number(file), firstBlock, crc32))
  log.bytes(file).set(bytes, slotPosition(firstBlock))
}

/** Changes the payload of a batch and makes its checksums good again. */
export function recode(log: LogFixture, batch: BatchView, change: (payload: Uint8Array) => void): void {
  const bytes = log.bytes(batch.file)
  const at = batch.byte + PAYLOAD
  const payload = bytes.subarray(at, at + batch.payloadBytes)
  change(payload)
  const { payloadBytes, entryCount, timestampMs, epoch } = batch
  const control = batch.kind !== 'entries'
  const numbers = { payloadBytes, entryCount, timestampMs, epoch, producerId: 0, producerSequence: 0 }
  const firstIndex = batch.firstOffset
  const header = { control, compressed: false, payloadCrc: crc32(payload), firstIndex, ...numbers }
  writeBatchHeader(bytes, batch.byte + HEADER, header, crc32)
}

export function offsetsOf(findings: readonly Finding[]): number[] {
  const offsets = new Set<number>()
  for (const { offset = 0, entryCount = 0 } of findings)
    for (let at = offset; at < offset + entryCount; at++) offsets.add(at)
  return [...offsets].sort((a, b) => a - b)
}

export function offsetsIn(runs: readonly { readonly firstOffset: number; readonly entryCount: number }[]): number[] {
  return runs.flatMap(({ firstOffset, entryCount }) => Array.from({ length: entryCount }, (_, at) => firstOffset + at))
}

/** A directory in which one byte of each file cannot be read. */
export function failingReads(directory: BlockFileDirectory, badByte: number): BlockFileDirectory {
  const open = directory.open.bind(directory)
  directory.open = async (name) => {
    const file = await open(name)
    const read = file.read.bind(file)
    file.read = (position, length) =>
      position <= badByte && badByte < position + length
        ? Promise.reject(new WalrusError('IO_FAILED', 'Cannot read: i/o error (EIO)'))
        : read(position, length)
    return file
  }
  return directory
}
