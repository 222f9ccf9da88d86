import { crc32 } from 'node:zlib'
import type { Checksum } from '@walrus/core'

/** CRC-32 by the native code of zlib. */
export const nativeChecksum: Checksum = (bytes, seed = 0) => crc32(bytes, seed)
