import type { EncodedBatch, Producer } from '@walrus/core'
import {
  BATCH_HEADER_BYTES,
  crc32,
  encodeControlPayload,
  ENTRY_HEADER_BYTES,
  writeBatchHeader,
  writeEntry,
} from '@walrus/protocol'
import type { MemoryTicket } from './memory-ticket.js'

/** A batch of a commit: bytes that another copy has encoded, or entries that are encoded when the commit begins. */
export interface MemoryBatch {
  readonly ticket: MemoryTicket
  readonly firstIndex: number
  readonly timestampMs: number
  readonly producer: Producer | undefined
  readonly entries: Uint8Array[]
  readonly encoded: Uint8Array | undefined
}

/** What one log contributes to one commit: its batches, then the cursors as one control batch. */
export class MemoryCommit {
  readonly batches: MemoryBatch[] = []
  readonly cursors = new Map<string, number>()
  cursorTicket: MemoryTicket | undefined
  /** Once the commit has begun. */
  readonly encoded: EncodedBatch[] = []

  get entryCount(): number {
    return this.batches.reduce((sum, batch) => sum + batch.ticket.entryCount, 0)
  }

  get tickets(): readonly MemoryTicket[] {
    const tickets = this.batches.map((batch) => batch.ticket)
    return this.cursorTicket === undefined ? tickets : [...tickets, this.cursorTicket]
  }

  /** The batches as they go to the log that ends at `end`; each ticket learns where its batch ends. */
  encode(end: LogEnd): void {
    let { position, index } = end
    const place = (bytes: Uint8Array, ticket: MemoryTicket | undefined): void => {
      const entryCount = ticket?.entryCount ?? 0
      this.encoded.push({ position, entryCount, firstIndex: index, bytes })
      position += Math.max(1, entryCount)
      index += entryCount
      if (ticket !== undefined) ticket.endPosition = position
    }
    for (const batch of this.batches) place(batch.encoded ?? encodeEntries(batch, end.epoch), batch.ticket)
    if (this.cursors.size > 0) place(this.#encodeCursors(index, end), this.cursorTicket)
  }

  #encodeCursors(firstIndex: number, { epoch, timestampMs }: LogEnd): Uint8Array {
    const records = [...this.cursors].map(([name, offset]) => ({ kind: 'cursor', name, offset }) as const)
    const numbers = { firstIndex, timestampMs, epoch, entryCount: 0, producerId: 0, producerSequence: 0 }
    return encodeBatch(encodeControlPayload(records), { ...numbers, control: true })
  }
}

/** Where a log ends, and what its next batch carries. */
export interface LogEnd {
  readonly position: number
  readonly index: number
  readonly epoch: number
  readonly timestampMs: number
}

function encodeEntries({ entries, firstIndex, timestampMs, producer }: MemoryBatch, epoch: number): Uint8Array {
  const payload = new Uint8Array(entries.reduce((sum, entry) => sum + ENTRY_HEADER_BYTES + entry.length, 0))
  let at = 0
  for (const entry of entries) at = writeEntry(payload, at, entry)
  return encodeBatch(payload, {
    control: false,
    entryCount: entries.length,
    firstIndex,
    timestampMs,
    epoch,
    producerId: producer?.id ?? 0,
    producerSequence: producer?.sequence ?? 0,
  })
}

type Numbers = Omit<Parameters<typeof writeBatchHeader>[2], 'compressed' | 'payloadBytes' | 'payloadCrc'>

function encodeBatch(payload: Uint8Array, numbers: Numbers): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + payload.length)
  bytes.set(payload, BATCH_HEADER_BYTES)
  const size = { compressed: false, payloadBytes: payload.length, payloadCrc: crc32(payload) }
  writeBatchHeader(bytes, 0, { ...numbers, ...size }, crc32)
  return bytes
}
