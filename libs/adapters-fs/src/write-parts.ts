import type { SystemCalls } from './system-calls.js'
import { hasCode } from './system-error.js'

/** The system takes no more buffers than this in one call (IOV_MAX). */
const PARTS_MAX = 1024
/** Below what the system writes at most in one call, and what `node:fs` takes as a length. */
export const CALL_BYTES_MAX = 2 ** 30
/** Longer ones are worth a thread of their own. */
const SMALL_BYTES_MAX = 16 * 1024

/**
 * Writes all of the parts, one after the other from `position`, in as many calls as it takes.
 * @param writtenBytes how much of them is written already
 */
export async function writeFully(
  calls: SystemCalls,
  descriptor: number,
  parts: readonly Uint8Array[],
  position: number,
  writtenBytes = 0,
): Promise<void> {
  let rest = dropBytes(parts, writtenBytes)
  position += writtenBytes
  while (rest.length > 0) {
    const countBytes = await writeOnce(calls, descriptor, partsOfOneCall(rest), position)
    if (countBytes === 0) throw new Error('the system wrote 0 bytes')
    rest = dropBytes(rest, countBytes)
    position += countBytes
  }
}

/**
 * Writes what is small without leaving the thread: into the system's cache that takes a few microseconds, a thread of the
 * pool ten times as long. Returns the bytes written, 0 where the parts are not small or the call was interrupted.
 */
export function writeSmall(calls: SystemCalls, descriptor: number, parts: readonly Uint8Array[], position: number) {
  if (!fitsOneCall(parts) || lengthOf(parts) > SMALL_BYTES_MAX) return 0
  try {
    return calls.writeNow(descriptor, parts, position)
  } catch (thrown) {
    if (hasCode(thrown, 'EINTR')) return 0
    throw thrown
  }
}

/** Whether one system call can take the parts. */
export function fitsOneCall(parts: readonly Uint8Array[]): boolean {
  return parts.length <= PARTS_MAX && lengthOf(parts) <= CALL_BYTES_MAX
}

/** Bytes of all parts together. */
export function lengthOf(parts: readonly Uint8Array[]): number {
  let lengthBytes = 0
  for (const part of parts) lengthBytes += part.length
  return lengthBytes
}

async function writeOnce(calls: SystemCalls, descriptor: number, parts: readonly Uint8Array[], position: number) {
  for (;;) {
    try {
      return await calls.write(descriptor, parts, position)
    } catch (thrown) {
      if (!hasCode(thrown, 'EINTR')) throw thrown
    }
  }
}

function partsOfOneCall(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  if (fitsOneCall(parts)) return parts
  const taken: Uint8Array[] = []
  let roomBytes = CALL_BYTES_MAX
  for (const part of parts.slice(0, PARTS_MAX)) {
    taken.push(part.subarray(0, roomBytes))
    roomBytes -= part.length
    if (roomBytes <= 0) break
  }
  return taken
}

/** What is left after so many bytes; never begins with an empty part. */
function dropBytes(parts: readonly Uint8Array[], countBytes: number): readonly Uint8Array[] {
  let index = 0
  for (let part = parts[0]; part !== undefined && part.length <= countBytes; part = parts[index]) {
    countBytes -= part.length
    index += 1
  }
  const first = parts[index]
  if (first === undefined) return []
  if (countBytes === 0) return index === 0 ? parts : parts.slice(index)
  return [first.subarray(countBytes), ...parts.slice(index + 1)]
}
