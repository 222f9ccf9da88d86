import type { EntriesReply } from '@walrus/protocol'

/** One entry of a topic. */
export interface Entry {
  /** Topic offset. */
  readonly offset: number
  /** When its batch was opened, in the leader's wall-clock milliseconds since 1970. */
  readonly timestampMs: number
  /** A view of what was received, which stays as it is; it keeps the whole answer in memory. */
  readonly data: Uint8Array
}

/** Entries of a topic, one behind the other. */
export interface Entries {
  /** Offset of the first one; where reading goes on when there is none. */
  readonly firstOffset: number
  /** Where reading goes on behind the last one. */
  readonly nextOffset: number
  /** Offset of the next entry that will be committed, as far as the node knows. */
  readonly highWatermark: number
  readonly entries: readonly Entry[]
}

/** Bounds of one read. The broker has bounds of its own, and may give less. */
export interface ReadOptions {
  /** Default 1,000; 0 only tells where the end is. */
  readonly maxEntries?: number
  /** Bytes of entries; a single one may be larger. Default 1 MiB. */
  readonly maxBytes?: number
  /** How long the broker waits for an entry when there is none. Default 0. */
  readonly maxWaitMs?: number
}

const MAX_ENTRIES_DEFAULT = 1000
const MAX_BYTES_DEFAULT = 1024 * 1024

export function readBounds(options: ReadOptions): Required<ReadOptions> {
  const { maxEntries = MAX_ENTRIES_DEFAULT, maxBytes = MAX_BYTES_DEFAULT, maxWaitMs = 0 } = options
  return { maxEntries, maxBytes, maxWaitMs }
}

export function entriesOf({ firstOffset, highWatermark, entries }: EntriesReply): Entries {
  return { firstOffset, nextOffset: firstOffset + entries.length, highWatermark, entries }
}
