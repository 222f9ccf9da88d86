import { FrameReader, isBinaryPayload, parseBinaryRequest, parseTextCommand } from '@walrus/protocol'
import type { Random } from '@walrus/testing'
import { someOf } from '../draw.js'
import { expectSame, expectThat } from '../expectation.js'
import { pureTarget } from '../fuzz-target.js'
import { exampleBinaryRequest } from './binary-dialect.js'
import { framesOf } from './frames-of.js'
import { exampleTextRequest } from './text-dialect.js'

const FRAME_BYTES_MAX = 4096

/** What a client sends: whole streams of requests. */
export const clientFrames = pureTarget(
  { name: 'client-frames', about: 'streams of a client: the frame reader, then the dialect of each frame' },
  {
    example: (random) => Buffer.concat(someOf(random, 5, () => exampleRequest(random))),
    check: (input) => {
      const whole = framesOf(reader(), [input])
      const pieces = framesOf(reader(), cutEverywhere(input))
      expectSame(pieces, whole, 'frames depend on how the stream is cut')
      for (const frame of whole.frames) checkFrame(frame)
    },
  },
)

function exampleRequest(random: Random): Uint8Array {
  return random() < 0.5 ? exampleTextRequest(random) : exampleBinaryRequest(random)
}

function reader(): FrameReader {
  return new FrameReader({ maxFrameBytes: FRAME_BYTES_MAX })
}

function checkFrame(frame: Uint8Array): void {
  expectThat(frame.length > 0 && frame.length <= FRAME_BYTES_MAX, `a frame of ${frame.length} bytes came through`)
  if (isBinaryPayload(frame, 0)) parseBinaryRequest(frame, 0, frame.length)
  else parseTextCommand(frame, 0, frame.length)
}

/** In pieces whose lengths follow from the bytes themselves. */
function cutEverywhere(input: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < input.length;) {
    const length = 1 + ((input[at] ?? 0) % 7)
    pieces.push(input.subarray(at, at + length))
    at += length
  }
  return pieces
}
