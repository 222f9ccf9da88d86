import {
  BATCH_HEADER_BYTES,
  ENTRY_HEADER_BYTES,
  writeBatchHeader,
  writeEntry,
  type ControlRecord,
} from '@walrus/protocol'
import type { Checksum, Producer } from '@walrus/core'
import { FRAME_BYTES } from '../format/frame.js'
import { producerRecords } from '../log/batch-records.js'
import type { BatchTicket } from './batch-ticket.js'
import type { BufferPool } from './buffer-pool.js'
import type { WaitingBatch } from './waiting-batch.js'

/** Bytes before the payload: the frame of the place, and the header of the batch. */
export const BATCH_OVERHEAD_BYTES = FRAME_BYTES + BATCH_HEADER_BYTES

/** A batch that is being filled: the entries are encoded where they will be written from, copied once. */
export class OpenBatch implements WaitingBatch {
  readonly ticket: BatchTicket
  readonly firstIndex: number
  readonly timestampMs: number
  readonly #producerId: number
  readonly #producerSequence: number
  readonly #pool: BufferPool
  #bytes: Uint8Array
  #end = BATCH_OVERHEAD_BYTES
  /** Set once the batch takes no more. */
  #payloadCrc: number | undefined

  constructor(
    pool: BufferPool,
    ticket: BatchTicket,
    firstIndex: number,
    timestampMs: number,
    payloadBytesHint: number,
    producer?: Producer,
  ) {
    this.#pool = pool
    this.ticket = ticket
    this.firstIndex = firstIndex
    this.timestampMs = timestampMs
    this.#producerId = producer?.id ?? 0
    this.#producerSequence = producer?.sequence ?? 0
    this.#bytes = pool.take(BATCH_OVERHEAD_BYTES + payloadBytesHint)
  }

  get payloadBytes(): number {
    return this.#end - BATCH_OVERHEAD_BYTES
  }

  /** Frame, header and payload. */
  get totalBytes(): number {
    return this.#end
  }

  get entryCount(): number {
    return this.ticket.entryCount
  }

  get recordCount(): number {
    return this.entryCount
  }

  get stateRecords(): readonly ControlRecord[] {
    return producerRecords(this.#producerId, this.#producerSequence, this.entryCount)
  }

  get closed(): boolean {
    return this.#payloadCrc !== undefined
  }

  append(entry: Uint8Array): void {
    const end = this.#end + ENTRY_HEADER_BYTES + entry.length
    if (end > this.#bytes.length) this.#grow(end)
    this.#end = writeEntry(this.#bytes, this.#end, entry)
    this.ticket.entryCount++
  }

  /** The batch takes no more. What it costs to verify it is paid now, not when its turn to be written has come. */
  close(checksum: Checksum): void {
    this.#payloadCrc ??= checksum(this.#bytes.subarray(BATCH_OVERHEAD_BYTES, this.#end))
  }

  /** Fills in the header. */
  encode(epoch: number, checksum: Checksum): Uint8Array {
    this.close(checksum)
    const header = {
      control: false,
      compressed: false,
      payloadBytes: this.payloadBytes,
      entryCount: this.entryCount,
      payloadCrc: this.#payloadCrc ?? 0,
      firstIndex: this.firstIndex,
      timestampMs: this.timestampMs,
      producerId: this.#producerId,
      producerSequence: this.#producerSequence,
      epoch,
    }
    writeBatchHeader(this.#bytes, FRAME_BYTES, header, checksum)
    return this.#bytes.subarray(0, this.#end)
  }

  recycle(): void {
    this.#pool.give(this.#bytes)
    this.#bytes = EMPTY
  }

  #grow(bytes: number): void {
    const larger = this.#pool.take(Math.max(bytes, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#end))
    this.#pool.give(this.#bytes)
    this.#bytes = larger
  }
}

const EMPTY = new Uint8Array(0)
