import type { BinaryCommand } from './binary-command.js'

/*
 *   request   nothing
 *   answer    nothing
 */

/** Ask for a sign of life. */
export interface PingRequest {
  readonly command: 'ping'
}

/** The node reads this connection, and answers. */
export interface PingReply {
  readonly kind: 'pong'
}

export const ping: BinaryCommand<PingRequest, PingReply> = {
  code: 0x80,
  writeRequest: () => undefined,
  readRequest: () => ({ command: 'ping' }),
  writeReply: () => undefined,
  readReply: () => ({ kind: 'pong' }),
}
