import {
  formatSegmentKey,
  WalrusError,
  type EventTrace,
  type LogStorage,
  type NewSegment,
  type SegmentKey,
} from '@walrus/core'
import { ReplicaCopy } from './replica-copy.js'

/** The copies of segments that this node holds and others write. */
export class ReplicaCopies {
  readonly #storage: LogStorage
  readonly #trace: EventTrace | undefined
  readonly #copies = new Map<string, ReplicaCopy>()
  readonly #removals = new Map<string, Promise<void>>()
  readonly #onDiskFull: () => void

  /** @param onDiskFull called whenever a copy cannot grow because the disk is full */
  constructor(storage: LogStorage, onDiskFull: () => void, trace?: EventTrace) {
    this.#storage = storage
    this.#onDiskFull = onDiskFull
    this.#trace = trace
  }

  /** The copy that is stored; throws `UNAVAILABLE` while it is being removed. */
  find(key: SegmentKey): ReplicaCopy | undefined {
    const name = formatSegmentKey(key)
    this.#checkNotRemoved(name)
    const log = this.#storage.segment(key)
    const known = this.#copies.get(name)
    if (known?.log === log) return known
    this.#copies.delete(name)
    return log && this.#add(name, new ReplicaCopy(log, this.#onDiskFull))
  }

  /** An empty copy. */
  create(segment: NewSegment): ReplicaCopy {
    const name = formatSegmentKey(segment)
    this.#checkNotRemoved(name)
    return this.#add(name, new ReplicaCopy(this.#storage.create(segment), this.#onDiskFull))
  }

  /** Removes what is stored of the segment; nothing is left when it resolves. */
  remove(key: SegmentKey): Promise<void> {
    const name = formatSegmentKey(key)
    this.#copies.delete(name)
    this.#trace?.record({ kind: 'removed', topic: key.topic, segment: key.segment })
    const removal =
      this.#removals.get(name) ?? this.#storage.remove(key).finally(() => void this.#removals.delete(name))
    this.#removals.set(name, removal)
    return removal
  }

  /** Nothing is written to the copy any more. */
  forget(key: SegmentKey): void {
    this.#copies.delete(formatSegmentKey(key))
  }

  /** Entries of the copy that its leader has said are committed; 0 for a copy that nothing was heard of. */
  committedCount(key: SegmentKey): number {
    return this.#copies.get(formatSegmentKey(key))?.readableCount ?? 0
  }

  #add(name: string, copy: ReplicaCopy): ReplicaCopy {
    this.#copies.set(name, copy)
    return copy
  }

  #checkNotRemoved(name: string): void {
    if (!this.#removals.has(name)) return
    throw new WalrusError('UNAVAILABLE', `Cannot use segment "${name}": its copy here is being removed`)
  }
}
