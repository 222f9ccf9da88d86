import type { FrameFault, FrameReader } from '@walrus/protocol'

/** What a frame reader makes of a stream. */
export interface ReadFrames {
  readonly frames: readonly Uint8Array[]
  readonly fault: FrameFault | undefined
  readonly insideFrame: boolean
}

/** Reads the stream that comes in these pieces. */
export function framesOf(reader: FrameReader, pieces: readonly Uint8Array[]): ReadFrames {
  const frames: Uint8Array[] = []
  for (const piece of pieces) {
    reader.push(piece)
    while (reader.next()) frames.push(reader.bytes.slice(reader.start, reader.end))
  }
  return { frames, fault: reader.fault, insideFrame: reader.fault === undefined && reader.insideFrame }
}
