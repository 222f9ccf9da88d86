/** Stable names of the failures that a caller of this library can meet. */
export type RaftErrorCode =
  | 'RAFT_INVALID_CONFIG'
  | 'RAFT_COMMIT_BEYOND_LOG'
  | 'RAFT_APPLIED_OUT_OF_RANGE'
  | 'RAFT_INVALID_MEMBERSHIP'
  | 'RAFT_MALFORMED_CONF_CHANGE'
  /** The proposal was not and will never be applied: `reason` says why, and it may be made again. */
  | 'RAFT_PROPOSAL_DROPPED'
  /** The proposal may have been applied, or may still be. */
  | 'RAFT_OUTCOME_UNKNOWN'
  /** Only the leader can do this. */
  | 'RAFT_NOT_LEADER'
  /** The membership change was not made: `reason` says why. */
  | 'RAFT_CHANGE_REFUSED'
  /** Nobody answered in time, and nothing was changed by asking. */
  | 'RAFT_TIMED_OUT'
  /** The node was stopped. */
  | 'RAFT_STOPPED'
  /** The node stopped by itself: storage, state machine or an invariant failed, and `cause` says how. */
  | 'RAFT_FAILED'
  /** What is stored cannot be started from. */
  | 'RAFT_CORRUPT_STATE'

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
