/*
 * Keys of the Raft log: a byte that says what it is, then numbers in big-endian order, so that keys sort as numbers do.
 *
 *   00                          whose log it is
 *   01                          root: what the rest must be
 *   02 index (8)                entry
 *   03 index (8), number (4)    part of the snapshot at that index
 */
const ENTRY = 2
const CHUNK = 3
const ENTRY_KEY_BYTES = 9
const CHUNK_KEY_BYTES = 13

export const IDENTITY_KEY = Buffer.of(0)

export const ROOT_KEY = Buffer.of(1)

export function entryKey(index: number): Buffer {
  const key = Buffer.allocUnsafe(ENTRY_KEY_BYTES)
  key[0] = ENTRY
  key.writeBigUInt64BE(BigInt(index), 1)
  return key
}

export function chunkKey(snapshotIndex: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(CHUNK_KEY_BYTES)
  key[0] = CHUNK
  key.writeBigUInt64BE(BigInt(snapshotIndex), 1)
  key.writeUInt32BE(number, ENTRY_KEY_BYTES)
  return key
}

/** What a key stands for. */
export type KeyMeaning =
  | { readonly kind: 'identity' | 'root' | 'unknown' }
  | { readonly kind: 'entry'; readonly index: number }
  | { readonly kind: 'chunk'; readonly snapshotIndex: number; readonly number: number }

export function meaningOf(key: Buffer): KeyMeaning {
  if (key.equals(IDENTITY_KEY)) return { kind: 'identity' }
  if (key.equals(ROOT_KEY)) return { kind: 'root' }
  if (key[0] === ENTRY && key.length === ENTRY_KEY_BYTES) {
    return { kind: 'entry', index: Number(key.readBigUInt64BE(1)) }
  }
  if (key[0] === CHUNK && key.length === CHUNK_KEY_BYTES) {
    const snapshotIndex = Number(key.readBigUInt64BE(1))
    return { kind: 'chunk', snapshotIndex, number: key.readUInt32BE(ENTRY_KEY_BYTES) }
  }
  return { kind: 'unknown' }
}
