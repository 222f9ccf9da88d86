import { BATCH_HEADER_BYTES, ENTRY_HEADER_BYTES } from '@walrus/protocol'
import type { Checksum, Clock } from '@walrus/core'
import { BatchTicket } from '../commit/batch-ticket.js'
import type { BufferPool } from '../commit/buffer-pool.js'
import { OpenBatch } from '../commit/open-batch.js'

const PAYLOAD_BYTES_FIRST_HINT = 512
const NO_BATCHES: OpenBatch[] = []
const NO_CURSORS: ReadonlyMap<string, number> = new Map()

/** Appends of one segment that wait for the next commit. */
export class PendingBatches {
  readonly #context: PendingContext
  readonly #baseOffset: number
  /** Replaced, not pushed to, while it is empty. */
  #batches: OpenBatch[] = NO_BATCHES
  #cursors = new Map<string, number>()
  #cursorTicket: BatchTicket | undefined
  #payloadBytesHint = PAYLOAD_BYTES_FIRST_HINT
  /** Index that the next appended entry gets. */
  nextIndex: number

  constructor(context: PendingContext, of: { readonly baseOffset: number; readonly nextIndex: number }) {
    this.#context = context
    this.#baseOffset = of.baseOffset
    this.nextIndex = of.nextIndex
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0 && this.#cursorTicket === undefined
  }

  /** Of the newest batch; settled where none waits. */
  get newestTicket(): BatchTicket {
    const last = this.#batches.at(-1)
    if (last) return last.ticket
    const nothing = new BatchTicket(this.#baseOffset + this.nextIndex)
    nothing.commit()
    return nothing
  }

  append(entry: Uint8Array): BatchTicket {
    const batch = this.#batchFor(ENTRY_HEADER_BYTES + entry.length)
    batch.append(entry)
    this.nextIndex++
    return batch.ticket
  }

  /**
   * The entries go into one batch, whatever their size.
   * @param payloadBytes what they take in it
   */
  appendAll(entries: readonly Uint8Array[], payloadBytes: number): BatchTicket {
    const batch = this.#batchFor(payloadBytes)
    for (const entry of entries) batch.append(entry)
    this.nextIndex += entries.length
    if (batch.payloadBytes >= this.#context.batchBytesMax) batch.close(this.#context.checksum)
    return batch.ticket
  }

  commitCursor(name: string, offset: number): BatchTicket {
    this.#cursors.set(name, offset)
    return this.commitState()
  }

  /** A commit without anything new: it writes the topic's state where there is no run that could go on. */
  commitState(): BatchTicket {
    this.#cursorTicket ??= new BatchTicket(this.#baseOffset + this.nextIndex)
    return this.#cursorTicket
  }

  /** Hands over what waits, up to about so many bytes, but one batch at least. A batch that is handed over takes no more. */
  take(bytesMax = Infinity): TakenBatches {
    const count = countWithin(this.#batches, bytesMax)
    if (count < this.#batches.length) return takenOf(this.#batches.splice(0, count), NO_CURSORS, undefined)
    const taken = takenOf(this.#batches, this.#cursors.size > 0 ? this.#cursors : NO_CURSORS, this.#cursorTicket)
    this.#payloadBytesHint = Math.max(PAYLOAD_BYTES_FIRST_HINT, this.#batches.at(-1)?.payloadBytes ?? 0)
    this.#batches = NO_BATCHES
    if (this.#cursors.size > 0) this.#cursors = new Map()
    this.#cursorTicket = undefined
    return taken
  }

  #batchFor(bytes: number): OpenBatch {
    const { batchBytesMax, checksum, pool, clock } = this.#context
    const last = this.#batches.at(-1)
    if (last && !last.closed && last.payloadBytes + bytes <= batchBytesMax) return last
    last?.close(checksum)
    const hint = Math.max(bytes, Math.min(this.#payloadBytesHint, batchBytesMax - BATCH_HEADER_BYTES))
    const ticket = new BatchTicket(this.#baseOffset + this.nextIndex)
    const batch = new OpenBatch(pool, ticket, this.nextIndex, clock.wallMs(), hint)
    if (last) this.#batches.push(batch)
    else this.#batches = [batch]
    return batch
  }
}

/** What the batches of all segments share. */
export interface PendingContext {
  readonly pool: BufferPool
  readonly clock: Clock
  readonly checksum: Checksum
  /** A batch takes no more than this, unless one append is larger. */
  readonly batchBytesMax: number
}

function countWithin(batches: readonly OpenBatch[], bytesMax: number): number {
  let bytes = 0
  const beyond = batches.findIndex((batch, at) => (bytes += batch.totalBytes) > bytesMax && at > 0)
  return beyond < 0 ? batches.length : beyond
}

function takenOf(
  batches: readonly OpenBatch[],
  cursors: ReadonlyMap<string, number>,
  cursorTicket: BatchTicket | undefined,
): TakenBatches {
  const totalBytes = batches.reduce((sum, batch) => sum + batch.totalBytes, 0)
  return { batches, totalBytes, cursors, cursorTicket }
}

export interface TakenBatches {
  readonly batches: readonly OpenBatch[]
  /** Of all batches, with frames and headers. */
  readonly totalBytes: number
  /** Cursor name → offset, coalesced. */
  readonly cursors: ReadonlyMap<string, number>
  readonly cursorTicket: BatchTicket | undefined
}

export function ticketsOf(taken: TakenBatches): BatchTicket[] {
  const tickets = taken.batches.map((batch) => batch.ticket)
  return taken.cursorTicket ? [...tickets, taken.cursorTicket] : tickets
}
