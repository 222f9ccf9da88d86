import type { SystemCalls } from './system-calls.js'
import { hasCode } from './system-error.js'
import { CALL_BYTES_MAX } from './write-parts.js'

/** Reads exactly `length` bytes in as many calls as it takes; rejects with `EndOfFile` where the file ends before. */
export async function readFully(
  calls: SystemCalls,
  descriptor: number,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = unfilledBytes(length)
  for (let filled = 0; filled < length;) {
    const room = bytes.subarray(filled, filled + CALL_BYTES_MAX)
    const readBytes = await readOnce(calls, descriptor, room, position + filled)
    if (readBytes === 0) throw new EndOfFile(position + filled)
    filled += readBytes
  }
  return bytes
}

/** Not zeroed, since every byte is read into; a plain array, since `Buffer` slices differently. */
function unfilledBytes(length: number): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length)
  return new Uint8Array(buffer, byteOffset, length)
}

async function readOnce(calls: SystemCalls, descriptor: number, room: Uint8Array, position: number): Promise<number> {
  for (;;) {
    try {
      return await calls.read(descriptor, room, position)
    } catch (thrown) {
      if (!hasCode(thrown, 'EINTR')) throw thrown
    }
  }
}

/** The file is shorter than it was when it was opened. */
export class EndOfFile extends Error {
  constructor(positionBytes: number) {
    super(`the file ends at ${positionBytes}`)
  }
}
