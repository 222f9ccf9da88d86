import type { ControlRecord, WholeBatch } from '@walrus/protocol'
import { FRAME_BYTES } from '../format/frame.js'
import { producerRecords } from '../log/batch-records.js'
import type { BatchTicket } from './batch-ticket.js'
import type { BufferPool } from './buffer-pool.js'
import type { WaitingBatch } from './waiting-batch.js'

/** A batch that another copy of the segment has encoded: its bytes stay as they are. */
export class CopiedBatch implements WaitingBatch {
  readonly ticket: BatchTicket
  readonly firstIndex: number
  readonly entryCount: number
  readonly recordCount: number
  readonly timestampMs: number
  readonly totalBytes: number
  readonly stateRecords: readonly ControlRecord[]
  readonly #pool: BufferPool
  #bytes: Uint8Array

  /** @param bytes what `batch` was read from; copied */
  constructor(pool: BufferPool, ticket: BatchTicket, bytes: Uint8Array, batch: WholeBatch) {
    const { header, records } = batch
    this.#pool = pool
    this.ticket = ticket
    this.firstIndex = header.firstIndex
    this.entryCount = header.entryCount
    this.recordCount = Math.max(1, header.entryCount)
    this.timestampMs = header.timestampMs
    this.totalBytes = FRAME_BYTES + bytes.length
    this.stateRecords = header.control
      ? records
      : producerRecords(header.producerId, header.producerSequence, header.entryCount)
    this.#bytes = pool.take(this.totalBytes)
    this.#bytes.set(bytes, FRAME_BYTES)
  }

  encode(): Uint8Array {
    return this.#bytes.subarray(0, this.totalBytes)
  }

  recycle(): void {
    this.#pool.give(this.#bytes)
    this.#bytes = EMPTY
  }
}

const EMPTY = new Uint8Array(0)
