/** When a cursor's progress reaches the log. */
export type ReadConsistency =
  /** Committed before an entry is delivered: after a crash nothing is delivered twice. */
  | { readonly kind: 'StrictlyAtOnce' }
  /**
   * Committed every so many deliveries: after a crash at most that many entries (or the last batch, if that was larger) are
   * delivered again, none is skipped.
   */
  | { readonly kind: 'AtLeastOnce'; readonly persistEvery: number }
