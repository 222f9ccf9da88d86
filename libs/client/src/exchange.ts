import { errorKindOf, type ErrorKind, type ErrorReply, type TextCommand, type TextReply } from '@walrus/protocol'
import { ClientError, type ClientErrorCode } from './errors.js'

/** The frame that asks for it. Throws `INVALID_TOPIC` for a name that no broker takes. */
export function encodeRequest<Request, Reply extends TextReply>(
  command: TextCommand<Request, Reply>,
  request: Request,
): Uint8Array {
  try {
    return command.requestFrame(request)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'INVALID_TOPIC') {
      throw new ClientError('INVALID_TOPIC', error.message, error)
    }
    throw error
  }
}

/** What a broker answers when it did what it was asked. */
export type Accepted<Reply extends TextReply> = Exclude<Reply, ErrorReply>

/** The reply in these bytes. Throws a `ClientError` when it is `ERR …`, or none that this command has. */
export function acceptedReply<Request, Reply extends TextReply>(
  command: TextCommand<Request, Reply>,
  bytes: Uint8Array,
): Accepted<Reply> {
  const reply: TextReply | undefined = command.readReply(bytes, 0, bytes.length)
  if (reply === undefined) {
    const message = `Cannot understand the reply to ${command.verb}: ${bytes.length} bytes that it does not have`
    throw new ClientError('UNEXPECTED_REPLY', message)
  }
  if (reply.kind === 'error') throw new ClientError(CODES[errorKindOf(reply.message)], `ERR ${reply.message}`)
  return reply as Accepted<Reply>
}

const CODES: Readonly<Record<ErrorKind, ClientErrorCode>> = {
  'unknown-topic': 'UNKNOWN_TOPIC',
  'invalid-topic': 'INVALID_TOPIC',
  'invalid-frame': 'REQUEST_TOO_LARGE',
  'timed-out': 'TIMED_OUT',
  other: 'REFUSED',
}
