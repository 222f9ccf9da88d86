import { type LogIndex } from '../core/types.js'

/**
 * What the log is for. It lives in memory and is rebuilt from snapshot and log at every start, so that what is applied and
 * how far can never disagree. All calls come one at a time, in the order of the log.
 */
export interface StateMachine<Result> {
  /**
   * Takes in a committed command and says what became of it. Deterministic, and total: the same commands in the same order
   * have the same effect on every node, and a command that makes no sense is a result. Whatever it throws stops the node.
   */
  apply(command: Uint8Array, index: LogIndex): Result

  /**
   * Everything that was applied so far, as bytes that are never changed afterwards, in pieces that are made when they are asked
   * for: a few milliseconds each. What is applied meanwhile is not in them.
   */
  snapshot(): Iterable<Uint8Array>

  /** Replaces everything by what `snapshot` gave, all pieces in a row, here or on another node. Throws when the bytes are not that. */
  restore(data: Uint8Array): void
}
