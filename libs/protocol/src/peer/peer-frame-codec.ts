import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'

/** Both directions of one kind of peer frame. */
export interface PeerFrameCodec<Frame> {
  /** The frame's type byte. */
  readonly type: number
  readonly write: (frame: Frame, output: ByteWriter) => void
  /** What it returns counts only if the reader has no fault afterwards. */
  readonly read: (input: ByteReader) => Frame
}
