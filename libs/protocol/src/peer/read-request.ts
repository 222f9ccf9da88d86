import type { StoredEntry } from '@walrus/core'
import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'
import { peerBody, type PeerBody } from './peer-body.js'

/*
 * Entries of a topic, at one of its cursors (take) or at a place in a segment (read); both are answered alike
 * (spec/peer-format.md).
 *
 *   take      ┌────────────────┬──────────────┬─────────────┬─────────────────┬───────────────┐
 *             │ topicLength u8 │ topic, UTF-8 │ segment u64 │ cursorLength u8 │ cursor, UTF-8 │
 *             ├─────────┬──────┴─────┬────────┴──┬──────────┴───┬─────────────┴───────────────┘
 *             │ slot u8 │ number u64 │ count u32 │ maxBytes u32 │
 *             └─────────┴────────────┴───────────┴──────────────┘
 *   read      ┌────────────────┬──────────────┬─────────────┬───────────┬────────────────┬──────────────┐
 *             │ topicLength u8 │ topic, UTF-8 │ segment u64 │ index u64 │ maxEntries u32 │ maxBytes u32 │
 *             └────────────────┴──────────────┴─────────────┴───────────┴────────────────┴──────────────┘
 *   answer    ┌────────────────┐
 *             │ entryCount u32 │
 *             └────────────────┘
 *   times     ┌────────────┬─────────────────┬────────────┬───────┐
 *   count     │ offset u64 │ timestampMs u64 │ length u32 │ entry │
 *             └────────────┴─────────────────┴────────────┴───────┘
 */

/** The next entries at a cursor. */
export interface TakeRequest {
  readonly topic: string
  /** The newest segment that the asker knows: whoever knows less waits for newer metadata before it answers. */
  readonly segment: number
  readonly cursor: string
  /** With `number`: names the question, so that it is answered once however often it comes (`Take` of core). */
  readonly slot: number
  /** From 1. */
  readonly number: number
  /** At most so many. */
  readonly count: number
  /** Payload bytes; a single entry may have more. */
  readonly maxBytes: number
}

/** Committed entries of one segment. */
export interface ReadRequest {
  readonly topic: string
  readonly segment: number
  /** In the segment, from 0. */
  readonly index: number
  readonly maxEntries: number
  /** Payload bytes; a single entry may have more. */
  readonly maxBytes: number
}

/** What was found; nothing: there is no such entry yet. */
export interface EntriesAnswer {
  readonly entries: readonly StoredEntry[]
}

export const takeRequest: PeerBody<TakeRequest> = peerBody({
  write: ({ topic, segment, cursor, slot, number, count, maxBytes }, output) => {
    output.shortText(topic)
    output.u64(segment)
    output.shortText(cursor)
    output.u8(slot)
    output.u64(number)
    output.u32(count)
    output.u32(maxBytes)
  },
  read: (input) => ({
    topic: input.text(input.u8()),
    segment: input.u64(),
    cursor: input.text(input.u8()),
    slot: input.u8(),
    number: input.id(),
    count: input.u32(),
    maxBytes: input.u32(),
  }),
})

export const readRequest: PeerBody<ReadRequest> = peerBody({
  write: ({ topic, segment, index, maxEntries, maxBytes }, output) => {
    output.shortText(topic)
    output.u64(segment)
    output.u64(index)
    output.u32(maxEntries)
    output.u32(maxBytes)
  },
  read: (input) => ({
    topic: input.text(input.u8()),
    segment: input.id(),
    index: input.u64(),
    maxEntries: input.u32(),
    maxBytes: input.u32(),
  }),
})

export const entriesAnswer: PeerBody<EntriesAnswer> = peerBody({
  write: ({ entries }, output) => {
    output.u32(entries.length)
    for (const entry of entries) writeEntry(entry, output)
  },
  read: (input) => {
    const count = input.count(STORED_ENTRY_BYTES_MIN)
    const entries: StoredEntry[] = []
    while (entries.length < count && input.fault === undefined) entries.push(readEntry(input))
    return { entries }
  },
})

function writeEntry({ offset, timestampMs, data }: StoredEntry, output: ByteWriter): void {
  output.u64(offset)
  output.u64(timestampMs)
  output.u32(data.length)
  output.bytes(data)
}

function readEntry(input: ByteReader): StoredEntry {
  return { offset: input.u64(), timestampMs: input.u64(), data: input.bytes(input.u32()) }
}

const STORED_ENTRY_BYTES_MIN = 20
