/** A place between two records of a segment's log. */
export interface LogPoint {
  /** Entries before it. */
  readonly index: number
  /** Records before it: entries, and control batches. */
  readonly position: number
}

export const LOG_START: LogPoint = { index: 0, position: 0 }
