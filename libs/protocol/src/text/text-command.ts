import type { InvalidRequest } from './error-messages.js'
import type { TextReply } from './replies.js'

/** One command of the text dialect: both directions of its request and of its reply. */
export interface TextCommand<Request, Reply extends TextReply> {
  /** The first token, exactly so: upper case, ASCII. */
  readonly verb: string

  /** What `bytes[at, end)`, all that follows the verb, asks for; or why it is no such request. Never throws. */
  parse(bytes: Uint8Array, at: number, end: number): Request | InvalidRequest

  /** The request as a frame. Throws `INVALID_TOPIC` when the other side would not read the same request. */
  requestFrame(request: Request): Uint8Array

  /** The reply as a frame. */
  replyFrame(reply: Reply): Uint8Array

  /** The reply in `bytes[start, end)`; undefined when this command has no such reply. Never throws. */
  readReply(bytes: Uint8Array, start: number, end: number): Reply | undefined
}
