import {
  binaryRequestFrame,
  readBinaryReply,
  type BinaryCommandName,
  type BinaryReplyOf,
  type BinaryRequest,
  type ReceivedAnswer,
} from '@walrus/protocol'
import { ClientError, type ClientErrorCode } from './errors.js'

/** What the broker did. Throws a `ClientError` when it failed, or answered what this command does not have. */
export function acceptedAnswer<N extends BinaryCommandName>(name: N, answer: ReceivedAnswer): BinaryReplyOf<N> {
  if (answer.status === 'failed') throw brokerError(answer.errorCode, answer.message)
  const reply = readBinaryReply(name, answer.body)
  if (reply !== undefined) return reply
  throw new ClientError('UNEXPECTED_REPLY', `Cannot understand the answer to ${name}: it is not one that it has`)
}

/** The frame that asks for it. Throws `INVALID_TOPIC` or `INVALID_ARGUMENT` for what has no place in the format. */
export function encodeBinaryRequest(request: BinaryRequest): Uint8Array {
  try {
    return binaryRequestFrame(request)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'INVALID_TOPIC' && code !== 'INVALID_ARGUMENT') throw error
    throw new ClientError(code, (error as Error).message, error)
  }
}

function brokerError(brokerCode: string, message: string): ClientError {
  return new ClientError(CODES[brokerCode] ?? 'REFUSED', message, undefined, brokerCode)
}

const CODES: Readonly<Record<string, ClientErrorCode>> = {
  INVALID_TOPIC: 'INVALID_TOPIC',
  NOT_LEADER: 'UNAVAILABLE',
  STORAGE_CLOSED: 'UNAVAILABLE',
  TIMED_OUT: 'TIMED_OUT',
  UNAVAILABLE: 'UNAVAILABLE',
  UNKNOWN_TOPIC: 'UNKNOWN_TOPIC',
}

/** Reasons that pass: the same call may succeed later, at this node or another. */
export function mayPass(error: unknown): boolean {
  return error instanceof ClientError && PASSING.has(error.code)
}

const PASSING: ReadonlySet<ClientErrorCode> = new Set(['CANNOT_CONNECT', 'CONNECTION_LOST', 'TIMED_OUT', 'UNAVAILABLE'])
