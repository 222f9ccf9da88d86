import type { CommitTicket, SegmentLog } from '@walrus/core'
import { BATCH_HEADER_BYTES, readU32 } from '@walrus/protocol'
import { isDiskFull } from '../leading/disk-full.js'

/** A segment's log on a node that does not lead it: batches come from elsewhere, in order, and several are under way. */
export class ReplicaCopy {
  readonly log: SegmentLog
  /** Entries that are committed, as far as the leader has said. */
  committedCount = 0
  #appendedPosition = 0
  #pendingCount = 0
  #newest: CommitTicket | undefined
  readonly #onDiskFull: () => void

  constructor(log: SegmentLog, onDiskFull: () => void) {
    this.log = log
    this.#onDiskFull = onDiskFull
  }

  /** Behind what was appended here, be it durable or not. */
  get position(): number {
    return this.#pendingCount > 0 ? this.#appendedPosition : this.log.position
  }

  /** Entries that may be read. */
  get readableCount(): number {
    return Math.min(this.committedCount, this.log.entryCount)
  }

  /** Appends the batch that begins at `position`. Throws what `SegmentLog.appendEncoded` throws. */
  append(batch: Uint8Array): void {
    const end = this.position + recordsIn(batch)
    const ticket = this.log.appendEncoded(batch)
    this.#appendedPosition = end
    this.#pendingCount += 1
    this.#newest = ticket
    ticket.onSettled(({ state, error }) => {
      this.#pendingCount -= 1
      if (this.#newest === ticket) this.#newest = undefined
      // A failed commit takes with it whatever was appended since.
      if (state === 'failed') this.#appendedPosition = this.log.position
      if (isDiskFull(error)) this.#onDiskFull()
    })
  }

  /** Resolves when all that is pending is on stable storage; rejects when it is lost. */
  async durable(): Promise<void> {
    await this.#newest?.done()
  }
}

/** Each entry is a record, and so is a batch without entries. 0 for bytes that are too few for a batch. */
export function recordsIn(batch: Uint8Array): number {
  return batch.length < BATCH_HEADER_BYTES ? 0 : Math.max(1, readU32(batch, ENTRY_COUNT_AT))
}

const ENTRY_COUNT_AT = 8
