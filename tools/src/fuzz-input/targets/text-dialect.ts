import {
  commands,
  parseTextCommand,
  replyFrame,
  type CommandName,
  type RequestOf,
  type TextReply,
} from '@walrus/protocol'
import type { Random } from '@walrus/testing'
import { anyBytes, anyName, oneOf } from '../draw.js'
import { expectSame, expectThat } from '../expectation.js'
import { pureTarget } from '../fuzz-target.js'

const LENGTH_BYTES = 4
const NAMES = Object.keys(commands) as CommandName[]

/** Requests of the text dialect, without their length. */
export const textRequests = pureTarget(
  { name: 'text-requests', about: 'commands of the text dialect' },
  {
    example: (random) => exampleTextRequest(random).subarray(LENGTH_BYTES),
    check: (input) => {
      const request = parseTextCommand(input, 0, input.length)
      if (request.command === 'invalid') return expectThat(request.message.length > 0, 'a refusal says nothing')
      const again = requestFrame(request).subarray(LENGTH_BYTES)
      expectSame(parseTextCommand(again, 0, again.length), request, 'a request is another one when it is written again')
    },
  },
)

/** Answers of the text dialect, as a client reads them: the first byte chooses the command that they answer. */
export const textAnswers = pureTarget(
  { name: 'text-answers', about: 'answers of the text dialect, as a client reads them' },
  {
    example: (random) => {
      const answer = replyFrame(exampleReply(random)).subarray(LENGTH_BYTES)
      return Uint8Array.of(Math.floor(random() * NAMES.length), ...answer)
    },
    check: (input) => {
      if (input.length < 2) return
      const { readReply } = commands[NAMES[(input[0] ?? 0) % NAMES.length] ?? 'put']
      const reply = readReply(input, 1, input.length)
      if (reply === undefined) return
      const again = replyFrame(reply).subarray(LENGTH_BYTES)
      const readAgain = readReply(again, 0, again.length)
      expectSame(readAgain, reply, 'an answer is another one when it is written again')
    },
  },
)

/** One good request, framed. */
export function exampleTextRequest(random: Random): Uint8Array {
  const topic = anyName(random)
  switch (oneOf(random, NAMES)) {
    case 'put':
      return commands.put.requestFrame({ command: 'put', topic, payload: anyBytes(random, 40) })
    case 'get':
      return commands.get.requestFrame({ command: 'get', topic })
    case 'register':
      return commands.register.requestFrame({ command: 'register', topic })
    case 'state':
      return commands.state.requestFrame({ command: 'state', topic })
    case 'metrics':
      return commands.metrics.requestFrame({ command: 'metrics' })
  }
}

function requestFrame(request: RequestOf<CommandName>): Uint8Array {
  const { requestFrame: write } = commands[request.command] as { requestFrame: (request: unknown) => Uint8Array }
  return write(request)
}

function exampleReply(random: Random): TextReply {
  return oneOf<TextReply>(random, [
    { kind: 'ok' },
    { kind: 'empty' },
    { kind: 'entry', payload: anyBytes(random, 30) },
    { kind: 'error', message: anyName(random) },
    { kind: 'json', text: JSON.stringify({ topic: anyName(random) }) },
  ])
}
