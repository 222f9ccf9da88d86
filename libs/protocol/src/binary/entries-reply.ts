import { assert, type StoredEntry } from '@walrus/core'
import type { ByteReader } from '../peer/byte-reader.js'
import type { ByteWriter } from '../peer/byte-writer.js'

/*
 * Entries in an answer. They are consecutive, so the first offset is that of all.
 *
 *    ┌─────────────────┬───────────────────┬───────────┬──────────────────────────────────────────────┐
 *    │ firstOffset u64 │ highWatermark u64 │ count u32 │ count × (timestampMs u64, length u32, bytes) │
 *    └─────────────────┴───────────────────┴───────────┴──────────────────────────────────────────────┘
 */

/** Entries of a topic, one behind the other. */
export interface EntriesReply {
  /** Of the first entry; where reading goes on when there is none. */
  readonly firstOffset: number
  /** Offset of the next entry that will be committed, as far as the node knows: from here on there is nothing to read yet. */
  readonly highWatermark: number
  /** Invariant: offsets ascend by one from `firstOffset`. As read, the data are views of the answer's bytes. */
  readonly entries: readonly StoredEntry[]
}

export function writeEntriesReply({ firstOffset, highWatermark, entries }: EntriesReply, output: ByteWriter): void {
  output.reserve(REPLY_HEADER_BYTES + entries.reduce((sum, { data }) => sum + ENTRY_OVERHEAD_BYTES + data.length, 0))
  output.u64(firstOffset)
  output.u64(highWatermark)
  output.u32(entries.length)
  for (const [at, { offset, timestampMs, data }] of entries.entries()) {
    assert(offset === firstOffset + at, 'entries of one answer are consecutive')
    output.u64(timestampMs)
    output.u32(data.length)
    output.bytes(data)
  }
}

export function readEntriesReply(input: ByteReader): EntriesReply {
  const firstOffset = input.u64()
  const highWatermark = input.u64()
  const count = input.count(ENTRY_OVERHEAD_BYTES)
  const entries: StoredEntry[] = []
  for (let at = 0; at < count && input.fault === undefined; at++) {
    const timestampMs = input.u64()
    entries.push({ offset: firstOffset + at, timestampMs, data: input.bytes(input.u32()) })
  }
  return { firstOffset, highWatermark, entries }
}

const REPLY_HEADER_BYTES = 20
const ENTRY_OVERHEAD_BYTES = 12
