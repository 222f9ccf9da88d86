import type { CommitTicket, EncodedBatch, EventTrace, Producer, SegmentLog } from '@walrus/core'
import { BATCH_HEADER_BYTES, decodeControlPayload, readU64 } from '@walrus/protocol'
import { cursorsOnly } from './trace-lead.js'

/** Tells of what the leader of a segment appends to its log, what is on its disk, and what is committed. */
export class WriterTrace {
  readonly #trace: EventTrace
  readonly #log: SegmentLog
  readonly #untap: () => void
  #storedPosition: number
  #committedPosition = 0
  #newest: CommitTicket | undefined

  /** Listens until `stop`. */
  constructor(trace: EventTrace, log: SegmentLog) {
    this.#trace = trace
    this.#log = log
    this.#storedPosition = log.position
    this.#untap = log.onBatch((batch) => this.#appended(batch))
  }

  /** Undefined where nobody hears it, which costs nothing then. */
  static of(trace: EventTrace | undefined, log: SegmentLog): WriterTrace | undefined {
    return trace && new WriterTrace(trace, log)
  }

  /** The log has the only copy: what its disk has is committed. Each ticket is followed once, ahead of all others who wait. */
  follow(ticket: CommitTicket): CommitTicket {
    if (ticket === this.#newest) return ticket
    this.#newest = ticket
    ticket.onSettled(() => {
      this.stored()
      this.committed(this.#log.position)
    })
    return ticket
  }

  /** Something of the log has been settled on this node's disk. */
  stored(): void {
    const { position } = this.#log
    if (position <= this.#storedPosition) return
    this.#storedPosition = position
    this.#trace.record({ kind: 'stored', ...this.#segment(), position })
  }

  /** Tickets up to that position are about to be settled. */
  committed(position: number): void {
    if (position <= this.#committedPosition) return
    this.#committedPosition = position
    this.#trace.record({ kind: 'committed', ...this.#segment(), position })
  }

  /** Nothing more is appended: what was taken before is still told of, and what may come from other copies is not. */
  stop(): void {
    void this.#log.drain().then(this.#untap)
  }

  #appended({ position, entryCount, bytes }: EncodedBatch): void {
    const content = entryCount === 0 ? { cursors: cursorsIn(bytes) } : producerOf(bytes)
    this.#trace.record({ kind: 'appended', ...this.#segment(), position, entryCount, ...content })
  }

  #segment() {
    const { topic, segment, epoch } = this.#log
    return { topic, segment, epoch }
  }
}

function cursorsIn(batch: Uint8Array): Record<string, number> {
  const records = decodeControlPayload(batch.subarray(BATCH_HEADER_BYTES))
  if (typeof records === 'string') return {}
  return cursorsOnly(
    records.flatMap((record) => (record.kind === 'cursor' ? [[record.name, record.offset] as const] : [])),
  )
}

function producerOf(batch: Uint8Array): { readonly producer?: Producer } {
  const id = readU64(batch, PRODUCER_ID_AT)
  return id === 0 ? {} : { producer: { id, sequence: readU64(batch, PRODUCER_SEQUENCE_AT) } }
}

const PRODUCER_ID_AT = 32
const PRODUCER_SEQUENCE_AT = 40
