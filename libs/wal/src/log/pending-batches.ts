import { BATCH_HEADER_BYTES, ENTRY_HEADER_BYTES, type WholeBatch } from '@walrus/protocol'
import type { Checksum, Clock, Producer } from '@walrus/core'
import { BatchTicket } from '../commit/batch-ticket.js'
import type { BufferPool } from '../commit/buffer-pool.js'
import { CopiedBatch } from '../commit/copied-batch.js'
import { OpenBatch } from '../commit/open-batch.js'
import type { WaitingBatch } from '../commit/waiting-batch.js'
import type { TailCut } from './tail-cut.js'

const PAYLOAD_BYTES_FIRST_HINT = 512
const NO_BATCHES: WaitingBatch[] = []
const NO_CURSORS: ReadonlyMap<string, number> = new Map()

/** Appends of one segment that wait for the next commit. */
export class PendingBatches {
  readonly #context: PendingContext
  readonly #baseOffset: number
  /** Replaced, not pushed to, while it is empty. */
  #batches: WaitingBatch[] = NO_BATCHES
  /** The last of them, if more may join it. */
  #open: OpenBatch | undefined
  #cursors = new Map<string, number>()
  #cursorTicket: BatchTicket | undefined
  #cut: TailCut | undefined
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
    const nothing = this.#newTicket()
    nothing.commit(0)
    return nothing
  }

  append(entry: Uint8Array): BatchTicket {
    const batch = this.#batchFor(ENTRY_HEADER_BYTES + entry.length)
    batch.append(entry)
    this.nextIndex++
    return batch.ticket
  }

  /**
   * The entries go into one batch, whatever their size; with a producer it is one of their own.
   * @param payloadBytes what they take in it
   */
  appendAll(entries: readonly Uint8Array[], payloadBytes: number, producer?: Producer): BatchTicket {
    const batch = producer ? this.#openBatch(payloadBytes, producer) : this.#batchFor(payloadBytes)
    for (const entry of entries) batch.append(entry)
    this.nextIndex += entries.length
    if (producer || batch.payloadBytes >= this.#context.batchBytesMax) batch.close(this.#context.checksum)
    return batch.ticket
  }

  /** @param bytes of the batch; copied */
  appendCopy(bytes: Uint8Array, batch: WholeBatch): BatchTicket {
    const ticket = this.#newTicket()
    ticket.entryCount = batch.header.entryCount
    this.#add(new CopiedBatch(this.#context.pool, ticket, bytes, batch))
    this.#open = undefined
    this.nextIndex += ticket.entryCount
    return ticket
  }

  commitCursor(name: string, offset: number): BatchTicket {
    this.#cursors.set(name, offset)
    return this.commitState()
  }

  /** A commit without anything new: it writes the topic's state where there is no run that could go on. */
  commitState(): BatchTicket {
    this.#cursorTicket ??= this.#newTicket()
    return this.#cursorTicket
  }

  /** A commit that gives a tail up; nothing else waits. */
  commitCut(cut: TailCut): BatchTicket {
    this.#cut = cut
    return this.commitState()
  }

  /** Hands over what waits, up to about so many bytes, but one batch at least. A batch that is handed over takes no more. */
  take(bytesMax = Infinity): TakenBatches {
    const count = countWithin(this.#batches, bytesMax)
    if (count < this.#batches.length) return takenOf(this.#batches.splice(0, count))
    const cursors = this.#cursors.size > 0 ? this.#cursors : NO_CURSORS
    const taken = takenOf(this.#batches, cursors, this.#cursorTicket, this.#cut)
    this.#payloadBytesHint = Math.max(PAYLOAD_BYTES_FIRST_HINT, this.#open?.payloadBytes ?? 0)
    this.#batches = NO_BATCHES
    if (this.#cursors.size > 0) this.#cursors = new Map()
    this.#open = this.#cursorTicket = this.#cut = undefined
    return taken
  }

  #batchFor(bytes: number): OpenBatch {
    const open = this.#open
    if (open && !open.closed && open.payloadBytes + bytes <= this.#context.batchBytesMax) return open
    const { batchBytesMax } = this.#context
    return this.#openBatch(Math.max(bytes, Math.min(this.#payloadBytesHint, batchBytesMax - BATCH_HEADER_BYTES)))
  }

  #openBatch(payloadBytes: number, producer?: Producer): OpenBatch {
    const { checksum, pool, clock } = this.#context
    this.#open?.close(checksum)
    const batch = new OpenBatch(pool, this.#newTicket(), this.nextIndex, clock.wallMs(), payloadBytes, producer)
    this.#add(batch)
    this.#open = batch
    return batch
  }

  #add(batch: WaitingBatch): void {
    if (this.#batches.length > 0) this.#batches.push(batch)
    else this.#batches = [batch]
  }

  #newTicket(): BatchTicket {
    return new BatchTicket(this.#baseOffset + this.nextIndex)
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

function countWithin(batches: readonly WaitingBatch[], bytesMax: number): number {
  let bytes = 0
  const beyond = batches.findIndex((batch, at) => (bytes += batch.totalBytes) > bytesMax && at > 0)
  return beyond < 0 ? batches.length : beyond
}

function takenOf(
  batches: readonly WaitingBatch[],
  cursors = NO_CURSORS,
  cursorTicket?: BatchTicket,
  cut?: TailCut,
): TakenBatches {
  const totalBytes = batches.reduce((sum, batch) => sum + batch.totalBytes, 0)
  return { batches, totalBytes, cursors, cursorTicket, cut }
}

export interface TakenBatches {
  readonly batches: readonly WaitingBatch[]
  /** Of all batches, with frames and headers. */
  readonly totalBytes: number
  /** Cursor name → offset, coalesced. */
  readonly cursors: ReadonlyMap<string, number>
  readonly cursorTicket: BatchTicket | undefined
  /** What is to be given up; then there are no batches and no cursors. */
  readonly cut: TailCut | undefined
}

export function ticketsOf(taken: TakenBatches): BatchTicket[] {
  const tickets = taken.batches.map((batch) => batch.ticket)
  return taken.cursorTicket ? [...tickets, taken.cursorTicket] : tickets
}
