/**
 * Every expected failure, by its stable code. Nobody branches on a message's text.
 * One heading per code stands in docs/errors.md; a test keeps the two equal.
 */
export const ERROR_CODES = [
  'BATCH_TOO_LARGE',
  'CORRUPT_DATA',
  'DIRECTORY_LOCKED',
  'DISK_FULL',
  'ENTRY_TOO_LARGE',
  'FILE_FAILED',
  'INVALID_ARGUMENT',
  'INVALID_TOPIC',
  'IO_FAILED',
  'NODE_IN_USE',
  'NODE_REFUSED',
  'NOT_LEADER',
  'SEGMENT_SEALED',
  'STORAGE_CLOSED',
  'TIMED_OUT',
  'UNAVAILABLE',
  'UNKNOWN_TOPIC',
  'UNSUPPORTED_FORMAT',
] as const

/** One of `ERROR_CODES`. */
export type ErrorCode = (typeof ERROR_CODES)[number]

/** An expected failure. `message` says the action first, quotes the value, then the reason after a colon. */
export class WalrusError extends Error {
  override readonly name = 'WalrusError'

  constructor(
    readonly code: ErrorCode,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
  }
}

/** The reason in words of whatever was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** A state that the design rules out: stops at once instead of going on with a broken promise. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`Invariant broken: ${invariant}`)
}
