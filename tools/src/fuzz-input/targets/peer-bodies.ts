import type { TopicState } from '@walrus/core'
import {
  admission,
  appendAnswer,
  appendRequest,
  clientCommand,
  copySegmentAnswer,
  copySegmentRequest,
  entriesAnswer,
  fenceAnswer,
  fenceRequest,
  fetchBatchesAnswer,
  fetchBatchesRequest,
  heartbeatAnswer,
  readRequest,
  removal,
  replicateAnswer,
  replicateRequest,
  takeRequest,
  wholeCopyAnswer,
  wholeCopyRequest,
} from '@walrus/protocol'
import { randomBelow, type Random } from '@walrus/testing'
import { anyBytes, anyId, anyName, anyNumber, anyU32, oneOf, someOf } from '../draw.js'
import { expectSame } from '../expectation.js'
import { pureTarget } from '../fuzz-target.js'

/** What peers ask and answer, inside of their frames: the first byte chooses the question or answer. */
export const peerBodies = pureTarget(
  {
    name: 'peer-bodies',
    about: 'requests between peers and their answers: membership, replication, forwarding',
    testInputs: 6000,
  },
  {
    example: (random) => {
      const number = randomBelow(random, BODIES.length)
      return Uint8Array.of(number, ...(BODIES[number]?.example(random) ?? []))
    },
    check: (input) => {
      if (input.length > 0) BODIES[(input[0] ?? 0) % BODIES.length]?.check(input.subarray(1))
    },
  },
)

interface Body {
  readonly example: (random: Random) => Uint8Array
  readonly check: (input: Uint8Array) => void
}

/** One kind of body: what is read must be the same when it is written and read again. */
function body<Value extends object>(
  codec: { readonly encode: (value: Value) => Uint8Array; readonly decode: (bytes: Uint8Array) => Value | string },
  make: (random: Random) => Value,
): Body {
  return {
    example: (random) => codec.encode(make(random)),
    check: (input) => {
      const value = codec.decode(input)
      if (typeof value === 'string') return
      expectSame(codec.decode(codec.encode(value)), value, 'a body is another one when it is written again')
    },
  }
}

/** New ones go to the end: the corpus names them by their place. */
const BODIES: readonly Body[] = [
  body(admission.request, (random) => ({
    nodeId: anyId(random),
    identity: anyName(random),
    clusterId: anyName(random),
    address: `${anyName(random)}:6000`,
    clientAddress: `${anyName(random)}:8080`,
    hasLog: random() < 0.5,
    isForwarded: random() < 0.5,
  })),
  body(admission.answer, (random) => ({
    standing: oneOf(random, ['learner', 'voter']),
    lagEntries: anyNumber(random),
    clusterId: anyName(random),
    members: new Map(someOf(random, 3, () => [anyId(random), `${anyName(random)}:6000`] as const)),
  })),
  body(removal.request, (random) => ({ nodeId: anyId(random), isForwarded: random() < 0.5 })),
  body(appendRequest, (random) => ({
    topic: anyName(random),
    segment: anyNumber(random),
    producerId: anyId(random),
    sequence: anyNumber(random),
    whole: random() < 0.5,
    entries: someOf(random, 4, () => anyBytes(random, 20)),
  })),
  body(appendAnswer, (random) => ({ count: anyU32(random), firstOffset: anyNumber(random) })),
  body(clientCommand, (random) => ({ segment: anyNumber(random), payload: anyBytes(random, 40) })),
  body(copySegmentRequest, (random) => ({
    ...segmentKey(random),
    epoch: anyNumber(random),
    source: anyId(random),
    entryCount: anyNumber(random),
    controlCount: anyNumber(random),
  })),
  body(copySegmentAnswer, (random) => ({ positionEnd: anyNumber(random) })),
  body(entriesAnswer, (random) => ({
    entries: someOf(random, 4, () => ({
      offset: anyNumber(random),
      timestampMs: anyNumber(random),
      data: anyBytes(random, 20),
    })),
  })),
  body(fenceRequest, (random) => ({ ...segmentKey(random), epoch: anyNumber(random) })),
  body(fenceAnswer, (random) => ({
    createdEpoch: anyNumber(random),
    entryCount: anyNumber(random),
    controlCount: anyNumber(random),
    damaged: random() < 0.5,
  })),
  body(fetchBatchesRequest, (random) => ({
    ...segmentKey(random),
    position: anyNumber(random),
    maxBytes: anyU32(random),
  })),
  body(fetchBatchesAnswer, (random) => ({
    baseOffset: anyNumber(random),
    createdEpoch: anyNumber(random),
    topicState: topicState(random),
    batches: someOf(random, 3, () => anyBytes(random, 40)),
  })),
  body(heartbeatAnswer, (random) => ({
    metadataVersion: anyNumber(random),
    leaving: random() < 0.5,
    diskFull: random() < 0.5,
  })),
  body(readRequest, (random) => ({
    ...segmentKey(random),
    index: anyNumber(random),
    maxEntries: anyU32(random),
    maxBytes: anyU32(random),
  })),
  body(takeRequest, (random) => ({
    topic: anyName(random),
    segment: anyNumber(random),
    cursor: anyName(random),
    slot: randomBelow(random, 256),
    number: anyId(random),
    count: anyU32(random),
    maxBytes: anyU32(random),
  })),
  body(replicateRequest, (random) => ({
    ...segmentKey(random),
    baseOffset: anyNumber(random),
    epoch: anyNumber(random),
    position: anyNumber(random),
    committedCount: anyNumber(random),
    startState: random() < 0.5 ? undefined : topicState(random),
    batches: someOf(random, 3, () => anyBytes(random, 40)),
  })),
  body(replicateAnswer, (random) => ({ result: oneOf(random, ['durable', 'gap', 'stale']), value: anyNumber(random) })),
  body(wholeCopyRequest, segmentKey),
  body(wholeCopyAnswer, (random) => ({ whole: random() < 0.5, topicState: topicState(random) })),
]

function segmentKey(random: Random): { readonly topic: string; readonly segment: number } {
  return { topic: anyName(random), segment: anyId(random) }
}

function topicState(random: Random): TopicState {
  return {
    cursors: new Map(someOf(random, 3, () => [anyName(random), anyNumber(random)] as const)),
    producers: new Map(someOf(random, 3, () => [anyNumber(random), anyNumber(random)] as const)),
  }
}
