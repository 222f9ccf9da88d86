import type { CommitTicket, SegmentLog } from '@walrus/core'
import { BATCH_HEADER_BYTES, readU32 } from '@walrus/protocol'

/** A segment's log on a node that does not lead it: batches come from elsewhere, in order, and several are under way. */
export class ReplicaCopy {
  readonly log: SegmentLog
  /** Entries that are committed, as far as the leader has said. */
  committedCount = 0
  #position: number
  #newest: CommitTicket | undefined

  /** Over a log that nothing is in flight to. */
  constructor(log: SegmentLog) {
    this.log = log
    this.#position = log.position
  }

  /** Behind what was appended, be it durable or not. */
  get position(): number {
    return this.#position
  }

  /** Entries that may be read. */
  get readableCount(): number {
    return Math.min(this.committedCount, this.log.entryCount)
  }

  /** Appends the batch that begins at `position`. Throws what `SegmentLog.appendEncoded` throws. */
  append(batch: Uint8Array): void {
    const ticket = this.log.appendEncoded(batch)
    this.#position += recordsIn(batch)
    this.#newest = ticket
    // A failed commit takes with it whatever was appended since.
    ticket.onSettled(({ state }) => {
      if (state === 'failed') this.#position = this.log.position
    })
  }

  /** Resolves when all that was appended before the call is on stable storage; rejects when it is lost. */
  async durable(): Promise<void> {
    await this.#newest?.done()
  }

  /** Gives up what is behind `position`; see `SegmentLog.truncateTail`. */
  async truncate(position: number): Promise<void> {
    await this.log.truncateTail(position)
    this.#position = this.log.position
    this.#newest = undefined
  }
}

/** Each entry is a record, and so is a batch without entries. 0 for bytes that are too few for a batch. */
export function recordsIn(batch: Uint8Array): number {
  return batch.length < BATCH_HEADER_BYTES ? 0 : Math.max(1, readU32(batch, ENTRY_COUNT_AT))
}

const ENTRY_COUNT_AT = 8
