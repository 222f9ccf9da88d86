import type { Checksum } from '@walrus/core'
import { crc32 } from '@walrus/protocol'

/** Below this a call out of JavaScript costs more than computing the checksum in it. */
const NATIVE_BYTES_MIN = 512

/** The same checksum, by whichever way is faster for the length. */
export function hybridChecksum(native: Checksum): Checksum {
  return (bytes, seed = 0) => (bytes.length < NATIVE_BYTES_MIN ? crc32(bytes, seed) : native(bytes, seed))
}
