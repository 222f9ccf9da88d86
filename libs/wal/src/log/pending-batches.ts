import { BATCH_HEADER_BYTES, ENTRY_HEADER_BYTES, type WholeBatch } from '@walrus/protocol'
import type { Clock, Producer } from '@walrus/core'
import { BatchTicket } from '../commit/batch-ticket.js'
import type { BufferPool } from '../commit/buffer-pool.js'
import { CopiedBatch } from '../commit/copied-batch.js'
import { OpenBatch } from '../commit/open-batch.js'
import type { WaitingBatch } from '../commit/waiting-batch.js'
import type { TailCut } from './tail-cut.js'

const PAYLOAD_BYTES_FIRST_HINT = 512

/** Appends of one segment that wait for the next commit. */
export class PendingBatches {
  readonly #pool: BufferPool
  readonly #clock: Clock
  readonly #baseOffset: number
  readonly #batchBytesMax: number
  #batches: WaitingBatch[] = []
  #open: OpenBatch | undefined
  #cursors = new Map<string, number>()
  #cursorTicket: BatchTicket | undefined
  #cut: TailCut | undefined
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

  /** Of the batch that was added last; settled where none is. */
  get openTicket(): BatchTicket {
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

  /** The entries go into one batch, whatever their size; with a producer it is one of their own. */
  appendAll(entries: readonly Uint8Array[], producer?: Producer): BatchTicket {
    const bytes = entries.reduce((sum, entry) => sum + ENTRY_HEADER_BYTES + entry.length, 0)
    const batch = producer ? this.#openBatch(bytes, producer) : this.#batchFor(bytes)
    if (producer) this.#open = undefined
    for (const entry of entries) batch.append(entry)
    this.nextIndex += entries.length
    return batch.ticket
  }

  /** @param bytes of the batch; copied */
  appendCopy(bytes: Uint8Array, batch: WholeBatch): BatchTicket {
    const ticket = this.#newTicket()
    ticket.entryCount = batch.header.entryCount
    this.#batches.push(new CopiedBatch(this.#pool, ticket, bytes, batch))
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

  /** Hands over what waits; the next append opens a new batch. */
  take(): TakenBatches {
    const taken = {
      batches: this.#batches,
      cursors: this.#cursors,
      cursorTicket: this.#cursorTicket,
      cut: this.#cut,
    }
    this.#payloadBytesHint = Math.max(PAYLOAD_BYTES_FIRST_HINT, this.#open?.payloadBytes ?? 0)
    this.#batches = []
    this.#open = undefined
    this.#cursors = new Map()
    this.#cursorTicket = undefined
    this.#cut = undefined
    return taken
  }

  #batchFor(bytes: number): OpenBatch {
    if (this.#open && this.#open.payloadBytes + bytes <= this.#batchBytesMax) return this.#open
    return this.#openBatch(bytes)
  }

  #openBatch(bytes: number, producer?: Producer): OpenBatch {
    const hint = Math.max(bytes, Math.min(this.#payloadBytesHint, this.#batchBytesMax - BATCH_HEADER_BYTES))
    const payloadBytes = producer ? bytes : hint
    const timestampMs = this.#clock.wallMs()
    const batch = new OpenBatch(this.#pool, this.#newTicket(), this.nextIndex, timestampMs, payloadBytes, producer)
    this.#batches.push(batch)
    this.#open = batch
    return batch
  }

  #newTicket(): BatchTicket {
    return new BatchTicket(this.#baseOffset + this.nextIndex)
  }
}

export interface TakenBatches {
  readonly batches: readonly WaitingBatch[]
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
