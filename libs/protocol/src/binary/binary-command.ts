import type { ErrorCode } from '@walrus/core'
import type { ByteReader } from '../peer/byte-reader.js'
import type { ByteWriter } from '../peer/byte-writer.js'

/** One command of the binary dialect: both directions of its request and of its reply. */
export interface BinaryCommand<Request, Reply> {
  /** The first byte of a request and of its answer: 0x80 to 0xbf. Never given to another command. */
  readonly code: number

  /** Appends the request's body. Throws `INVALID_ARGUMENT` or `INVALID_TOPIC` for what has no place in the format. */
  readonly writeRequest: (request: Request, output: ByteWriter) => void

  /** What the body asks for, or why it is no such request; counts only if the reader has no fault afterwards. Never throws. */
  readonly readRequest: (input: ByteReader) => Request | InvalidBody

  /** Appends the reply's body. */
  readonly writeReply: (reply: Reply, output: ByteWriter) => void

  /** The reply in the body; counts only if the reader has no fault afterwards. Never throws. */
  readonly readReply: (input: ByteReader) => Reply
}

/** Why a body that is made of the right fields is no request all the same. */
export interface InvalidBody {
  readonly command: 'invalid'
  readonly code: ErrorCode
  /** Action first, value quoted, reason behind a colon. */
  readonly message: string
}

/** Tells what cannot be from what is asked. */
export function isInvalid(value: unknown): value is InvalidBody {
  return typeof value === 'object' && value !== null && 'command' in value && value.command === 'invalid'
}
