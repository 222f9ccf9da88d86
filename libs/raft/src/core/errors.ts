/** Stable names of the failures that a caller of this library can meet. */
export type RaftErrorCode =
  | 'RAFT_INVALID_CONFIG'
  | 'RAFT_COMMIT_BEYOND_LOG'
  | 'RAFT_APPLIED_OUT_OF_RANGE'
  | 'RAFT_INVALID_MEMBERSHIP'
  | 'RAFT_MALFORMED_CONF_CHANGE'

/** A failure that is expected to happen in the field. Branch on `code`, never on the message. */
export class RaftError extends Error {
  override readonly name = 'RaftError'
  readonly code: RaftErrorCode

  constructor(code: RaftErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
