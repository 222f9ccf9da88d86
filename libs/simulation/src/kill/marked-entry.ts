const HEADER_BYTES = 12

/** Which entry it is: the call that appended it, and its place among the entries of that call. */
export interface EntryMark {
  readonly call: number
  readonly nth: number
  readonly sizeBytes: number
}

/** The smallest entry that can tell which one it is. */
export const MARKED_BYTES_MIN = HEADER_BYTES

/** An entry whose every byte follows from its mark. */
export function markedEntry({ call, nth, sizeBytes }: EntryMark): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, call)
  view.setUint32(4, nth)
  view.setUint32(8, sizeBytes)
  let state = Math.imul(call + 1, 0x9e3779b1) ^ nth
  for (let at = HEADER_BYTES; at < sizeBytes; at += 1) {
    state = (Math.imul(state, 0x01000193) ^ (state >>> 15)) + at
    bytes[at] = state >>> 8
  }
  return bytes
}

/** Undefined where a byte is not what it must be. */
export function markOf(entry: Uint8Array): EntryMark | undefined {
  if (entry.length < HEADER_BYTES) return undefined
  const view = new DataView(entry.buffer, entry.byteOffset, entry.length)
  const mark = { call: view.getUint32(0), nth: view.getUint32(4), sizeBytes: view.getUint32(8) }
  if (mark.sizeBytes !== entry.length) return undefined
  return Buffer.compare(markedEntry(mark), entry) === 0 ? mark : undefined
}
