/**
 * CRC-32 (IEEE 802.3, reflected, as zlib) of `bytes`, continued from `seed` (the CRC of what came before, 0 at the start).
 * The result is an unsigned 32-bit number.
 */
export type Checksum = (bytes: Uint8Array, seed?: number) => number
