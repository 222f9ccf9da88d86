/** When an append resolves, and when what it wrote reaches stable storage. */
export type FsyncSchedule =
  /** Resolves when durable. */
  | { readonly kind: 'each' }
  /** Resolves when written; durable within about so many milliseconds. */
  | { readonly kind: 'interval'; readonly milliseconds: number }
  /** Resolves when written; durable when the system likes, or at `sync` and `close`. */
  | { readonly kind: 'none' }
