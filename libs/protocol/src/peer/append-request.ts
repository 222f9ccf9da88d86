import type { ByteReader } from './byte-reader.js'
import { peerBody, type PeerBody } from './peer-body.js'

/*
 * Entries for a topic, from the node that took them to the leader of the open segment (spec/peer-format.md).
 *
 *   request   ┌────────────────┬──────────────┬─────────────┬────────────────┬──────────────┐
 *             │ topicLength u8 │ topic, UTF-8 │ segment u64 │ producerId u64 │ sequence u64 │
 *             ├────────────────┼──────────────┴─────────────┴────────────────┴──────────────┘
 *             │ entryCount u32 │
 *             └────────────────┘
 *   times     ┌────────────┬─────────────┐
 *   count     │ length u32 │ entry       │
 *             └────────────┴─────────────┘
 *   answer    ┌───────────┬──────────┬─────────────────┐
 *             │ count u32 │ known u8 │ firstOffset u64 │
 *             └───────────┴──────────┴─────────────────┘
 */

/** Entries that one producer numbers one by one. */
export interface AppendRequest {
  readonly topic: string
  /** The newest segment that the asker knows: whoever knows less waits for newer metadata before it answers. */
  readonly segment: number
  /** From 1. */
  readonly producerId: number
  /** The number of the first entry. */
  readonly sequence: number
  readonly entries: readonly Uint8Array[]
}

/** The first `count` of the entries are stored, now or before; the others are to be sent again. */
export interface AppendAnswer {
  readonly count: number
  /** Topic offset of the first; undefined when it was stored so long ago that nobody knows. */
  readonly firstOffset: number | undefined
}

export const appendRequest: PeerBody<AppendRequest> = peerBody({
  write: ({ topic, segment, producerId, sequence, entries }, output) => {
    output.shortText(topic)
    output.u64(segment)
    output.u64(producerId)
    output.u64(sequence)
    output.u32(entries.length)
    for (const entry of entries) {
      output.u32(entry.length)
      output.bytes(entry)
    }
  },
  read: (input) => ({
    topic: input.text(input.u8()),
    segment: input.u64(),
    producerId: input.id(),
    sequence: input.u64(),
    entries: readEntries(input),
  }),
})

export const appendAnswer: PeerBody<AppendAnswer> = peerBody({
  write: ({ count, firstOffset }, output) => {
    output.u32(count)
    output.u8(firstOffset === undefined ? 0 : 1)
    output.u64(firstOffset ?? 0)
  },
  read: (input) => {
    const count = input.u32()
    const known = input.u8()
    const firstOffset = input.u64()
    if (known > 1) input.fail('range')
    return { count, firstOffset: known === 1 ? firstOffset : undefined }
  },
})

function readEntries(input: ByteReader): readonly Uint8Array[] {
  const count = input.count(ENTRY_BYTES_MIN)
  const entries: Uint8Array[] = []
  while (entries.length < count && input.fault === undefined) entries.push(input.bytes(input.u32()))
  return entries
}

const ENTRY_BYTES_MIN = 4
