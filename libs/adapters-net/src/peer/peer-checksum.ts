import { crc32 as nativeCrc32 } from 'node:zlib'
import type { Checksum } from '@walrus/core'
import { crc32 } from '@walrus/protocol'

/** Below this a call out of JavaScript costs more than computing the checksum in it. */
const NATIVE_BYTES_MIN = 512

/** The checksum of peer frames, by whichever way is faster for the length. */
export const peerChecksum: Checksum = (bytes, seed = 0) =>
  bytes.length < NATIVE_BYTES_MIN ? crc32(bytes, seed) : nativeCrc32(bytes, seed)
