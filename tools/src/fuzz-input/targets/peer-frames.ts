import { nativeChecksum } from '@walrus/adapters-fs'
import { decodePeerFrame, encodePeerFrame, FrameReader, writeU32, type PeerFrame } from '@walrus/protocol'
import { everyRaftMessage, snapshotMessage, type Random } from '@walrus/testing'
import { anyBytes, anyId, anyName, anyNumber, anyU32, oneOf, someOf } from '../draw.js'
import { expectSame } from '../expectation.js'
import { pureTarget } from '../fuzz-target.js'
import { framesOf } from './frames-of.js'

const LENGTH_BYTES = 4
const FRAME_BYTES_MAX = 16_384

/** Frames between peers, without their length: every kind, and every message of Raft. */
export const peerFrames = pureTarget(
  { name: 'peer-frames', about: 'frames between peers, messages of Raft among them' },
  {
    example: (random) => exampleFrame(random).subarray(LENGTH_BYTES),
    reseal: (input) => {
      if (input.length > LENGTH_BYTES) writeU32(input, 0, nativeChecksum(input.subarray(LENGTH_BYTES)))
      return input
    },
    check: checkFrame,
  },
)

/** What a peer sends: whole streams of frames. */
export const peerStreams = pureTarget(
  { name: 'peer-streams', about: 'streams of a peer: the frame reader, then each frame' },
  {
    example: (random) => Buffer.concat(someOf(random, 4, () => exampleFrame(random))),
    check: (input) => {
      const reader = () => new FrameReader({ maxFrameBytes: FRAME_BYTES_MAX })
      const whole = framesOf(reader(), [input])
      const bytewise = framesOf(
        reader(),
        Array.from(input, (_, at) => input.subarray(at, at + 1)),
      )
      expectSame(bytewise, whole, 'frames depend on how the stream is cut')
      for (const frame of whole.frames) checkFrame(frame)
    },
  },
)

function checkFrame(input: Uint8Array): void {
  const frame = decodePeerFrame(input, 0, input.length, nativeChecksum)
  if (typeof frame === 'string') return
  const again = encodePeerFrame(frame, nativeChecksum)
  const decodedAgain = decodePeerFrame(again, LENGTH_BYTES, again.length, nativeChecksum)
  // Longer reasons are cut by whoever writes them.
  if (frame.kind === 'refusal' && frame.reason.length > 200) return
  expectSame(decodedAgain, frame, `a frame of kind "${frame.kind}" is another one when it is written again`)
}

function exampleFrame(random: Random): Uint8Array {
  return encodePeerFrame(oneOf(random, FRAMES)(random), nativeChecksum)
}

const FRAMES: readonly ((random: Random) => PeerFrame)[] = [
  (random) => ({
    kind: 'hello',
    purpose: oneOf(random, ['raft', 'bulk', 'request']),
    nodeId: anyNumber(random),
    expectedNodeId: anyNumber(random),
    clusterId: anyName(random),
  }),
  (random) => ({ kind: 'welcome', nodeId: anyId(random), clusterId: anyName(random) }),
  (random) => ({
    kind: 'refusal',
    cause: oneOf(random, ['version', 'cluster', 'node', 'busy']),
    reason: anyName(random),
  }),
  (random) => ({ kind: 'ping', sequence: anyU32(random) }),
  (random) => ({ kind: 'pong', sequence: anyU32(random) }),
  (random) => ({ kind: 'raft', message: oneOf(random, everyRaftMessage(anyId(random), anyId(random))) }),
  (random) => ({ kind: 'raft', message: oneOf(random, everyRaftMessage(anyId(random), anyId(random))) }),
  (random) => ({
    kind: 'snapshotBegin',
    transferId: anyU32(random),
    totalBytes: anyNumber(random),
    checksum: anyU32(random),
    message: snapshotMessage(anyId(random), anyId(random), anyU32(random)),
  }),
  (random) => ({
    kind: 'snapshotChunk',
    transferId: anyU32(random),
    offsetBytes: anyNumber(random),
    bytes: anyBytes(random, 40),
  }),
  (random) => ({
    kind: 'snapshotResult',
    transferId: anyU32(random),
    outcome: oneOf(random, ['taken', 'checksum', 'busy']),
  }),
  (random) => ({
    kind: 'request',
    id: anyU32(random),
    requestKind: anyNumber(random) % 65_536,
    timeoutMs: anyU32(random),
    payload: anyBytes(random, 40),
  }),
  (random) => ({ kind: 'answer', id: anyU32(random), payload: anyBytes(random, 40) }),
  (random) => ({ kind: 'failure', id: anyU32(random), code: anyName(random), message: anyName(random) }),
]
