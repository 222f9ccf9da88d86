import type { Writable } from 'node:stream'

/** Below this many bytes a part is cheaper to copy than to hand to the system by itself. */
const COPIED_PART_BYTES_MAX = 4096

/** Writes all parts in their order with one write: as one buffer when they are small, else as they are. */
export function writeTogether(socket: Writable, parts: readonly Uint8Array[]): void {
  const [only] = parts
  if (parts.length === 1) {
    socket.write(only)
    return
  }
  const byteCount = parts.reduce((sum, part) => sum + part.length, 0)
  if (byteCount <= parts.length * COPIED_PART_BYTES_MAX) {
    socket.write(Buffer.concat(parts, byteCount))
    return
  }
  socket.cork()
  for (const part of parts) socket.write(part)
  socket.uncork()
}
