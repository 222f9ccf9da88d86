/**
 * Why a call failed. Nobody branches on a message's text.
 *
 * - `INVALID_ARGUMENT`: nothing was sent.
 * - `CANNOT_CONNECT`: nothing was sent; the next call tries again.
 * - `CLIENT_CLOSED`: the call came after `close`, or was under way at `destroy`.
 * - `CONNECTION_LOST`, `TIMED_OUT`: no reply came, or the broker says that it ran out of time; the call may have been
 *   carried out, or may still be.
 * - `REPLY_TOO_LARGE`, `UNEXPECTED_REPLY`: the broker answered, but its reply cannot be used; the call may have been
 *   carried out.
 * - `UNAVAILABLE`: the broker says that it cannot do it now: too few nodes can be reached, or too much waits. Unless
 *   `brokerCode` is `NOT_LEADER`, the call may have been carried out, or may still be.
 * - `UNKNOWN_TOPIC`, `INVALID_TOPIC`, `REQUEST_TOO_LARGE`: the broker says so; the call changed nothing.
 * - `REFUSED`: the broker answered with any other error.
 */
export type ClientErrorCode =
  | 'CANNOT_CONNECT'
  | 'CLIENT_CLOSED'
  | 'CONNECTION_LOST'
  | 'INVALID_ARGUMENT'
  | 'INVALID_TOPIC'
  | 'REFUSED'
  | 'REPLY_TOO_LARGE'
  | 'REQUEST_TOO_LARGE'
  | 'TIMED_OUT'
  | 'UNAVAILABLE'
  | 'UNEXPECTED_REPLY'
  | 'UNKNOWN_TOPIC'

/** An expected failure of a call. For an error that the broker answered, `message` is its reply: `ERR unknown topic logs`. */
export class ClientError extends Error {
  override readonly name = 'ClientError'

  constructor(
    readonly code: ClientErrorCode,
    message: string,
    cause?: unknown,
    /** The code of the broker's error (docs/errors.md), of calls that are answered with one. */
    readonly brokerCode?: string,
  ) {
    super(message, cause === undefined ? undefined : { cause })
  }
}
