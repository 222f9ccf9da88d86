/** Stable names of the failures that a caller of this library can meet. Each has a line in the README; a test sees to it. */
export const raftErrorCodes = [
  'RAFT_INVALID_CONFIG',
  'RAFT_COMMIT_BEYOND_LOG',
  'RAFT_APPLIED_OUT_OF_RANGE',
  'RAFT_INVALID_MEMBERSHIP',
  'RAFT_MALFORMED_CONF_CHANGE',
  'RAFT_PROPOSAL_DROPPED',
  'RAFT_OUTCOME_UNKNOWN',
  'RAFT_NOT_LEADER',
  'RAFT_CHANGE_REFUSED',
  'RAFT_TIMED_OUT',
  'RAFT_STOPPED',
  'RAFT_FAILED',
  'RAFT_CORRUPT_STATE',
] as const

/** One of the stable names of `RaftError`. */
export type RaftErrorCode = (typeof raftErrorCodes)[number]

/** A failure that is expected to happen in the field. Branch on `code`, never on the message. */
export class RaftError extends Error {
  override readonly name = 'RaftError'
  readonly code: RaftErrorCode
  /** For programs, where the code alone does not say enough. */
  readonly reason: string | undefined

  constructor(code: RaftErrorCode, message: string, options?: ErrorOptions & { readonly reason?: string }) {
    super(message, options)
    this.code = code
    this.reason = options?.reason
  }
}
