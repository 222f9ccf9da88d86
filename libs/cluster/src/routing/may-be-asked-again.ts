import { WalrusError } from '@walrus/core'

/**
 * What a leader was asked to do was not done, or nobody knows: where questions are numbered, asking again does no harm.
 * Everything else is final.
 */
export function mayBeAskedAgain(error: unknown): boolean {
  return error instanceof WalrusError && PASSING.has(error.code)
}

/** A node that closes, too: it hands on what it leads. */
const PASSING: ReadonlySet<string> = new Set([
  'NOT_LEADER',
  'UNAVAILABLE',
  'TIMED_OUT',
  'SEGMENT_SEALED',
  'STORAGE_CLOSED',
])
