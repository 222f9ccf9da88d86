/**
 * What damage there is.
 * superblock, open-counter, slot, file-size: the book-keeping of a file. unreadable: the system cannot read the place.
 * batch: a frame, header or payload is not whole. content: a whole batch whose entries or records are not what they should be.
 * missing: entries that nothing holds. conflict: two places contradict each other.
 */
export type DamageKind =
  'superblock' | 'open-counter' | 'slot' | 'file-size' | 'unreadable' | 'batch' | 'content' | 'missing' | 'conflict'

/**
 * What is worth a word and no damage.
 * torn-tail: bytes behind the last whole batch, never acknowledged as durable. torn-run: the same, of a whole run.
 * half-removed: a segment whose removal was interrupted; the next start completes it.
 * unfinished-file: a file whose creation was interrupted; the next start deletes it. absent-file: ids without a file.
 */
export type NoteKind = 'torn-tail' | 'torn-run' | 'half-removed' | 'unfinished-file' | 'absent-file'

/** One thing found, and where. What concerns no single file, topic or offset leaves that out. */
export type Finding = FindingPlace & {
  /** For people; may change. */
  readonly what: string
} & (
    { readonly severity: 'damage'; readonly kind: DamageKind } | { readonly severity: 'note'; readonly kind: NoteKind }
  )

/** Where. */
export interface FindingPlace {
  readonly file?: string
  /** Position in the file. */
  readonly byte?: number
  /** Bytes from `byte` on in which nothing can be read; absent where that is not known. */
  readonly byteCount?: number
  readonly topic?: string
  readonly segment?: number
  /** Topic offset of the first entry concerned. */
  readonly offset?: number
  /** Entries from `offset` on that cannot be read; absent where nobody can tell. */
  readonly entryCount?: number
}

export function damage(kind: DamageKind, place: FindingPlace, what: string): Finding {
  return { severity: 'damage', kind, ...place, what }
}

export function note(kind: NoteKind, place: FindingPlace, what: string): Finding {
  return { severity: 'note', kind, ...place, what }
}
