import { DEFAULT_TOPIC_CONFIG } from '@walrus/core'
import {
  binaryCommands,
  BinaryFrameWriter,
  parseBinaryAnswer,
  parseBinaryRequest,
  readBinaryReply,
  type BinaryCommandName,
  type BinaryReplyOf,
  type BinaryRequest,
} from '@walrus/protocol'
import type { Random } from '@walrus/testing'
import { anyBytes, anyId, anyName, anyNumber, anyU32, oneOf, someOf } from '../draw.js'
import { expectSame, expectThat } from '../expectation.js'
import { pureTarget } from '../fuzz-target.js'

const LENGTH_BYTES = 4
const NAMES = Object.keys(binaryCommands) as BinaryCommandName[]

/** Requests of the binary dialect, without their length. */
export const binaryRequests = pureTarget(
  { name: 'binary-requests', about: 'commands of the binary dialect' },
  {
    example: (random) => exampleBinaryRequest(random).subarray(LENGTH_BYTES),
    check: (input) => {
      if (input.length === 0) return
      const received = parseBinaryRequest(input, 0, input.length)
      const { id, request } = received
      if (request.command === 'invalid') return expectThat(request.message.length > 0, 'a refusal says nothing')
      const again = framedRequest(id, request).subarray(LENGTH_BYTES)
      const parsedAgain = parseBinaryRequest(again, 0, again.length)
      expectSame(parsedAgain, received, 'a request is another one when it is written again')
    },
  },
)

/** Answers of the binary dialect, as a client reads them: the first byte is that of the command. */
export const binaryAnswers = pureTarget(
  { name: 'binary-answers', about: 'answers of the binary dialect, as a client reads them' },
  {
    example: (random) => exampleAnswer(random).subarray(LENGTH_BYTES),
    check: (input) => {
      const answer = parseBinaryAnswer(input, 0, input.length)
      const name = NAMES.find((one) => binaryCommands[one].code === answer?.code)
      if (answer === undefined || answer.status === 'failed' || name === undefined) return
      const reply = readBinaryReply(name, answer.body)
      if (reply === undefined) return
      const again = framedAnswer(answer.id, name, reply).subarray(LENGTH_BYTES)
      const answerAgain = parseBinaryAnswer(again, 0, again.length)
      const replyAgain = answerAgain?.status === 'ok' ? readBinaryReply(name, answerAgain.body) : undefined
      expectSame(replyAgain, reply, 'an answer is another one when it is written again')
    },
  },
)

/** One good request, framed. */
export function exampleBinaryRequest(random: Random): Uint8Array {
  return framedRequest(anyU32(random), exampleRequest(random, oneOf(random, NAMES)))
}

function exampleRequest(random: Random, command: BinaryCommandName): BinaryRequest {
  const topic = anyName(random)
  const bounds = { maxEntries: anyU32(random), maxBytes: anyU32(random), maxWaitMs: anyU32(random) }
  switch (command) {
    case 'ping':
      return { command }
    case 'append': {
      const producer = random() < 0.5 ? undefined : { id: anyId(random), sequence: anyNumber(random) }
      return {
        command,
        topic,
        producer,
        entries: [anyBytes(random, 20), ...someOf(random, 3, () => anyBytes(random, 20))],
      }
    }
    case 'fetch':
      return { command, topic, offset: anyNumber(random), ...bounds }
    case 'next':
      return { command, topic, cursor: anyName(random), ...bounds }
    case 'moveCursor':
      return {
        command,
        topic,
        cursor: anyName(random),
        move: oneOf(random, ['seek', 'commit']),
        offset: anyNumber(random),
      }
    case 'admin':
      return exampleAdminRequest(random, topic)
  }
}

function exampleAdminRequest(random: Random, topic: string): BinaryRequest {
  const command = 'admin'
  return oneOf<BinaryRequest>(random, [
    { command, operation: 'topic.list', parameters: { limit: 10 } },
    { command, operation: 'topic.describe', parameters: { topic, fromSegment: 2 } },
    { command, operation: 'topic.create', parameters: { topic, config: { ...DEFAULT_TOPIC_CONFIG } } },
    { command, operation: 'topic.configure', parameters: { topic, config: { ack: 'all' } } },
    { command, operation: 'topic.delete', parameters: { topic } },
    { command, operation: 'topic.seal', parameters: { topic, force: true } },
    { command, operation: 'cluster.drain', parameters: { node: 3, draining: true } },
    { command, operation: 'cluster.remove', parameters: { node: 3, timeoutMs: 100 } },
  ])
}

function exampleAnswer(random: Random): Uint8Array {
  const writer = new BinaryFrameWriter()
  const id = anyU32(random)
  switch (oneOf(random, [...NAMES, 'failure'] as const)) {
    case 'ping':
      return framedAnswer(id, 'ping', { kind: 'pong' })
    case 'append':
      return framedAnswer(id, 'append', { firstOffset: anyNumber(random), count: anyU32(random) })
    case 'fetch':
    case 'next':
      return framedAnswer(id, 'fetch', exampleEntries(random))
    case 'moveCursor':
      return framedAnswer(id, 'moveCursor', { offset: anyNumber(random) })
    case 'admin':
      return framedAnswer(id, 'admin', { operation: 'topic.create', result: { created: true } })
    case 'failure':
      writer.addFailure(id, binaryCommands.next.code, 'INVALID_ARGUMENT', anyName(random))
      return writer.take()
  }
}

function exampleEntries(random: Random): BinaryReplyOf<'fetch'> {
  const firstOffset = anyU32(random)
  const data = someOf(random, 3, () => anyBytes(random, 20))
  const entries = data.map((bytes, at) => ({ offset: firstOffset + at, timestampMs: anyNumber(random), data: bytes }))
  return { firstOffset, highWatermark: anyNumber(random), entries }
}

function framedRequest(id: number, request: BinaryRequest): Uint8Array {
  const writer = new BinaryFrameWriter()
  writer.addRequest(id, request)
  return writer.take()
}

function framedAnswer<N extends BinaryCommandName>(id: number, name: N, reply: BinaryReplyOf<N>): Uint8Array {
  const writer = new BinaryFrameWriter()
  writer.addAnswer(id, name, reply)
  return writer.take()
}
