import { BATCH_HEADER_BYTES, ENTRY_HEADER_BYTES } from '@walrus/protocol'
import type { Clock } from '@walrus/core'
import { BatchTicket } from '../commit/batch-ticket.js'
import type { BufferPool } from '../commit/buffer-pool.js'
import { OpenBatch } from '../commit/open-batch.js'

const PAYLOAD_BYTES_FIRST_HINT = 512
const NO_CURSORS: ReadonlyMap<string, number> = new Map()

/** Appends of one segment that wait for the next commit. */
export class PendingBatches {
  readonly #pool: BufferPool
  readonly #clock: Clock
  readonly #baseOffset: number
  readonly #batchBytesMax: number
  #batches: OpenBatch[] = []
  #open: OpenBatch | undefined
  #cursors = new Map<string, number>()
  #cursorTicket: BatchTicket | undefined
  #payloadBytesHint = PAYLOAD_BYTES_FIRST_HINT
  /** Index that the next appended entry gets. */
  nextIndex: number

  constructor(
    pool: BufferPool,
    clock: Clock,
    options: { readonly baseOffset: number; readonly nextIndex: number; readonly batchBytesMax: number },
  ) {
    this.#pool = pool
    this.#clock = clock
    this.#baseOffset = options.baseOffset
    this.#batchBytesMax = options.batchBytesMax
    this.nextIndex = options.nextIndex
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0 && this.#cursorTicket === undefined
  }

  /** Of the batch that is open; settled where none is. */
  get openTicket(): BatchTicket {
    if (this.#open) return this.#open.ticket
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

  /** The entries go into one batch, whatever their size. */
  appendAll(entries: readonly Uint8Array[]): BatchTicket {
    const bytes = entries.reduce((sum, entry) => sum + ENTRY_HEADER_BYTES + entry.length, 0)
    const batch = this.#batchFor(bytes)
    for (const entry of entries) batch.append(entry)
    this.nextIndex += entries.length
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

  /** Hands over what waits; the next append opens a new batch. */
  take(): TakenBatches {
    const taken = {
      batches: this.#batches,
      totalBytes: this.#batches.reduce((sum, batch) => sum + batch.totalBytes, 0),
      cursors: this.#cursors.size > 0 ? this.#cursors : NO_CURSORS,
      cursorTicket: this.#cursorTicket,
    }
    this.#payloadBytesHint = Math.max(PAYLOAD_BYTES_FIRST_HINT, this.#open?.payloadBytes ?? 0)
    this.#batches = []
    this.#open = undefined
    if (this.#cursors.size > 0) this.#cursors = new Map()
    this.#cursorTicket = undefined
    return taken
  }

  #batchFor(bytes: number): OpenBatch {
    if (this.#open && this.#open.payloadBytes + bytes <= this.#batchBytesMax) return this.#open
    const hint = Math.max(bytes, Math.min(this.#payloadBytesHint, this.#batchBytesMax - BATCH_HEADER_BYTES))
    const ticket = new BatchTicket(this.#baseOffset + this.nextIndex)
    this.#open = new OpenBatch(this.#pool, ticket, this.nextIndex, this.#clock.wallMs(), hint)
    this.#batches.push(this.#open)
    return this.#open
  }
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
