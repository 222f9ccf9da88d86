import { WalrusError, type Checksum, type Producer, type SegmentKey } from '@walrus/core'
import { BATCH_HEADER_BYTES, ENTRY_HEADER_BYTES, fitsU64, readWholeBatch, type WholeBatch } from '@walrus/protocol'
import { BATCH_OVERHEAD_BYTES } from '../commit/open-batch.js'

/** Largest payload of one entry: one run of blocks must be able to hold it. */
export const ENTRY_BYTES_MAX = 1024 * 1024 * 1024 - BATCH_OVERHEAD_BYTES - ENTRY_HEADER_BYTES

const EPOCH_MAX = 0xffffffff

/** @param bytes of an entry, or of a batch without the length of its first entry */
export function checkEntry({ topic }: SegmentKey, bytes: number): void {
  if (bytes <= ENTRY_BYTES_MAX) return
  const what = `Cannot append ${bytes} bytes to topic "${topic}"`
  throw new WalrusError('ENTRY_TOO_LARGE', `${what}: an entry or batch has at most ${ENTRY_BYTES_MAX} bytes`)
}

export function checkProducer({ topic }: SegmentKey, { id, sequence }: Producer, entryCount: number): void {
  if (id >= 1 && fitsU64(id) && fitsU64(sequence) && fitsU64(sequence + entryCount)) return
  const what = `Cannot append to topic "${topic}" as producer ${id} with sequence ${sequence}`
  throw new WalrusError('INVALID_ARGUMENT', `${what}: an id is a whole number from 1, a sequence one from 0`)
}

/**
 * The batch that another copy of the segment has sent.
 * @param nextIndex where it must begin
 */
export function checkCopy(key: SegmentKey, bytes: Uint8Array, nextIndex: number, checksum: Checksum): WholeBatch {
  const what = `Cannot append a batch to topic "${key.topic}" segment ${key.segment}`
  checkEntry(key, bytes.length - BATCH_HEADER_BYTES - ENTRY_HEADER_BYTES)
  const batch = readWholeBatch(bytes, checksum)
  if (typeof batch === 'string') throw new WalrusError('CORRUPT_DATA', `${what}: ${batch}`)
  if (batch.header.control && !isCursors(batch)) {
    throw new WalrusError('CORRUPT_DATA', `${what}: its control records are not cursors`)
  }
  const { firstIndex } = batch.header
  if (firstIndex === nextIndex) return batch
  throw new WalrusError('INVALID_ARGUMENT', `${what}: it begins at entry ${firstIndex}, the log ends at ${nextIndex}`)
}

/** Others only an engine writes, for itself: they are no part of the log. */
function isCursors({ records }: WholeBatch): boolean {
  return records.length > 0 && records.every(({ kind }) => kind === 'cursor')
}

export function checkEpoch({ topic, segment }: SegmentKey, epoch: number): void {
  if (Number.isInteger(epoch) && epoch >= 0 && epoch <= EPOCH_MAX) return
  const what = `Cannot use epoch ${epoch} for topic "${topic}" segment ${segment}`
  throw new WalrusError('INVALID_ARGUMENT', `${what}: it is no whole number from 0 to ${EPOCH_MAX}`)
}

export function noBatchAt({ topic, segment }: SegmentKey, position: number): WalrusError {
  const what = `Cannot find position ${position} in topic "${topic}" segment ${segment}`
  return new WalrusError('INVALID_ARGUMENT', `${what}: no batch begins or ends there`)
}

export function sealedError({ topic, segment }: SegmentKey): WalrusError {
  return new WalrusError('SEGMENT_SEALED', `Cannot append to topic "${topic}": segment ${segment} is sealed`)
}

export function cuttingError({ topic, segment }: SegmentKey): WalrusError {
  const what = `Cannot append to topic "${topic}" segment ${segment}`
  return new WalrusError('UNAVAILABLE', `${what}: its tail is being given up`)
}
