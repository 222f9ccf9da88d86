import { assert } from '@walrus/core'
import type { Entry, LogWrite, Snapshot } from '@walrus/raft'
import { checksumOf } from '../record.js'
import { encodeEntry } from './entry-record.js'
import type { LogTail, Mark } from './log-tail.js'
import type { Root } from './root-record.js'
import { encodeSnapshot, type EncodedSnapshot } from './snapshot-chunks.js'

/** What one write does to the database, and what to know of the log once it is done. Nothing is changed by making it. */
export interface WritePlan {
  readonly root: Root
  readonly snapshot: EncodedSnapshot | undefined
  /** Entries to delete, from first to last; nothing when `first > last`. Each range is of what the log holds now. */
  readonly deletions: readonly { readonly first: number; readonly last: number }[]
  readonly entries: readonly { readonly entry: Entry; readonly record: Buffer }[]
  /** To be called when the write is done. */
  readonly adopt: (tail: LogTail) => LogTail
}

export interface PlanContext {
  readonly root: Root
  readonly tail: LogTail
  /** Of any entry from base to last. */
  readonly checksumAt: (index: number) => number
  readonly chunkBytes: number
  readonly emptyTail: (base: Mark) => LogTail
}

/** Snapshot, then entries, then hard state. */
export function planWrite(context: PlanContext, write: LogWrite): WritePlan {
  const { root, tail } = context
  const snapshot = isNewer(write.snapshot, root) ? encodeSnapshot(write.snapshot, context.chunkBytes) : undefined
  const base: Mark =
    snapshot === undefined ? tail.base : { index: snapshot.snapshotIndex, term: snapshot.snapshotTerm, checksum: 0 }
  const added = write.entries.filter(({ index }) => index > base.index)
  const lastBefore = snapshot === undefined ? tail.lastIndex : base.index
  const from = added[0]?.index ?? lastBefore + 1
  assert(from <= lastBefore + 1, `entry ${from} would leave a hole after ${lastBefore}`)
  const entries = chain(added, from === base.index + 1 ? base.checksum : context.checksumAt(from - 1))
  const last = from + entries.length - 1
  return {
    root: {
      ...withHardState(root, write.hardState, snapshot?.snapshotIndex ?? root.snapshotIndex),
      ...(snapshot && checksOf(snapshot)),
      ...baseOf(base),
      lastIndex: last,
      lastChecksum: checksumOfLast(entries) ?? (snapshot === undefined ? root.lastChecksum : base.checksum),
      writeNumber: root.writeNumber + 1,
    },
    snapshot,
    deletions: deletionsOf(tail, snapshot === undefined ? last + 1 : tail.base.index + 1, from, last),
    entries,
    adopt: (before) => {
      const after = snapshot === undefined ? before : context.emptyTail(base)
      after.truncate(from)
      for (const { entry, record } of entries) after.append(entry, checksumOf(record))
      return after
    },
  }
}

/** A snapshot of what is applied, and the end of the entries up to `compactIndex`. */
export function planSnapshot(context: PlanContext, snapshot: Snapshot, compactIndex: number): WritePlan {
  const { root, tail } = context
  assert(tail.term(snapshot.index) === snapshot.term, `snapshot ${snapshot.term}/${snapshot.index} is not of this log`)
  const index = Math.max(tail.base.index, Math.min(compactIndex, snapshot.index))
  const base: Mark = { index, term: tail.term(index) ?? 0, checksum: context.checksumAt(index) }
  const encoded = encodeSnapshot(snapshot, context.chunkBytes)
  return {
    root: {
      ...withHardState(root, null, snapshot.index),
      ...checksOf(encoded),
      ...baseOf(base),
      writeNumber: root.writeNumber + 1,
    },
    snapshot: encoded,
    deletions: [{ first: tail.base.index + 1, last: index }],
    entries: [],
    adopt: (before) => {
      before.compact(base)
      return before
    },
  }
}

export function isNewer(snapshot: Snapshot | null, root: Root): snapshot is Snapshot {
  return snapshot !== null && snapshot.index > root.snapshotIndex
}

function chain(added: readonly Entry[], previousChecksum: number): WritePlan['entries'] {
  let checksum = previousChecksum
  return added.map((entry, at) => {
    assert(entry.index === (added[0]?.index ?? 0) + at, `entry ${entry.index} follows a gap`)
    const record = encodeEntry(entry, checksum)
    checksum = checksumOf(record)
    return { entry, record }
  })
}

/** A write queued before a snapshot came may carry an older commit index: it must not count. */
function withHardState(root: Root, hardState: LogWrite['hardState'], snapshotIndex: number): Root {
  const { term, vote } = hardState ?? root
  const commit = Math.max(hardState?.commit ?? 0, root.commit, snapshotIndex)
  return { ...root, hasHardState: root.hasHardState || hardState !== null, term, vote, commit }
}

function baseOf({ index, term, checksum }: Mark): Pick<Root, 'baseIndex' | 'baseTerm' | 'baseChecksum'> {
  return { baseIndex: index, baseTerm: term, baseChecksum: checksum }
}

function checksOf(snapshot: EncodedSnapshot): Partial<Root> {
  const { snapshotIndex, snapshotTerm, snapshotBytes, snapshotChecksum, snapshotChunks } = snapshot
  return { snapshotIndex, snapshotTerm, snapshotBytes, snapshotChecksum, snapshotChunks }
}

function checksumOfLast(entries: WritePlan['entries']): number | undefined {
  const last = entries.at(-1)
  return last && checksumOf(last.record)
}

/** Everything from `staleFrom` on, but for what is written anew from `from` to `last`. */
function deletionsOf(tail: LogTail, staleFrom: number, from: number, last: number): WritePlan['deletions'] {
  return [
    { first: staleFrom, last: Math.min(from - 1, tail.lastIndex) },
    { first: Math.max(staleFrom, last + 1), last: tail.lastIndex },
  ]
}
