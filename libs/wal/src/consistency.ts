/** When a cursor's progress reaches the log. */
export type ReadConsistency =
  /** Committed before an entry is delivered: after a crash nothing is delivered twice. */
  | { readonly kind: 'StrictlyAtOnce' }
  /** Committed every so many deliveries: after a crash up to that many are delivered again, none is skipped. */
  | { readonly kind: 'AtLeastOnce'; readonly persistEvery: number }
