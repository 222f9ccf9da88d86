import type { Checksum } from '@walrus/core'
import { readU32 } from '@walrus/protocol'
import type { Run } from '../blocks/run.js'
import { FRAME_BYTES, readFrame, type Frame } from '../format/frame.js'

/**
 * The frames of a run in a stretch of it, wherever they begin: across a fault, lengths cannot be followed.
 * @param position where in the run the stretch begins
 */
export function* framesIn(bytes: Uint8Array, position: number, run: Run, checksum: Checksum): Generator<Frame> {
  const { generation, file } = run
  const first = generation.openCount & 0xff
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (at + FRAME_BYTES > bytes.length) return
    if (readU32(bytes, at) !== generation.openCount) continue
    const frame = readFrame(bytes, at, { generation, position: position + at }, file.fileId, checksum)
    if (frame) yield frame
  }
}
