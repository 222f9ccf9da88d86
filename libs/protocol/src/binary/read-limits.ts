import type { ByteReader } from '../peer/byte-reader.js'
import type { ByteWriter } from '../peer/byte-writer.js'

/*
 * How much an answer may have, and how long it may be waited for.
 *
 *    ┌────────────────┬──────────────┬───────────────┐
 *    │ maxEntries u32 │ maxBytes u32 │ maxWaitMs u32 │
 *    └────────────────┴──────────────┴───────────────┘
 */

/** Each is a bound of what the client wants; the node has bounds of its own. */
export interface ReadBounds {
  /** 0: none at all; the answer says where the end is. */
  readonly maxEntries: number
  /** Bytes of entries; a single entry may be larger. */
  readonly maxBytes: number
  /** How long to wait while there is no entry at all. 0: not at all. */
  readonly maxWaitMs: number
}

export function writeReadBounds({ maxEntries, maxBytes, maxWaitMs }: ReadBounds, output: ByteWriter): void {
  output.u32(maxEntries)
  output.u32(maxBytes)
  output.u32(maxWaitMs)
}

export function readReadBounds(input: ByteReader): ReadBounds {
  return { maxEntries: input.u32(), maxBytes: input.u32(), maxWaitMs: input.u32() }
}
