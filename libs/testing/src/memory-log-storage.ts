import {
  formatSegmentKey,
  WalrusError,
  type LogStorage,
  type NewSegment,
  type SegmentKey,
  type SegmentLog,
} from '@walrus/core'
import type { MemoryCommit } from './memory-commit.js'
import { MemorySegmentLog, type MemorySegment, type MemorySegmentHome } from './memory-segment-log.js'

/** What outlives a `MemoryLogStorage`: what was committed. Opening over the same one is a restart. */
export type MemoryLogDisk = Map<string, MemorySegment>

/** How a `MemoryLogStorage` behaves. */
export interface MemoryLogStorageOptions {
  /** Awaited before each commit takes effect; a rejection fails the commit. The next turn of the event loop unless told. */
  readonly commit?: () => Promise<void>
  /** Awaited before each read; a rejection fails the read. */
  readonly read?: (key: SegmentKey, fromIndex: number) => Promise<void>
  /** Timestamps; 0 unless told. */
  readonly wallMs?: () => number
}

/** The readable definition of the `LogStorage` port: group commit over all segments, without disks. */
export class MemoryLogStorage implements LogStorage, MemorySegmentHome {
  readonly disk: MemoryLogDisk
  readonly options: MemoryLogStorageOptions
  readonly #logs = new Map<string, MemorySegmentLog>()
  #open = new Set<MemorySegmentLog>()
  #committing: Promise<void> | undefined
  #crashed = false
  closed = false

  constructor(disk: MemoryLogDisk = new Map(), options: MemoryLogStorageOptions = {}) {
    this.disk = disk
    this.options = options
    for (const [name, stored] of disk) this.#logs.set(name, new MemorySegmentLog(this, stored))
  }

  segments(): Iterable<SegmentLog> {
    return this.#logs.values()
  }

  segment(key: SegmentKey): SegmentLog | undefined {
    return this.#logs.get(formatSegmentKey(key))
  }

  create(segment: NewSegment): SegmentLog {
    const name = formatSegmentKey(segment)
    if (this.#logs.has(name)) throw new WalrusError('INVALID_ARGUMENT', `Cannot create segment "${name}": it exists`)
    const log = new MemorySegmentLog(this, {
      ...segment,
      fencedEpoch: segment.epoch,
      batches: [],
      entries: [],
      sealed: false,
    })
    this.#logs.set(name, log)
    return log
  }

  async remove(key: SegmentKey): Promise<void> {
    this.#logs.delete(formatSegmentKey(key))
    this.disk.delete(formatSegmentKey(key))
  }

  async close(): Promise<void> {
    this.closed = true
    await this.settled()
  }

  /** The process dies here: nothing that is not committed ever takes effect. */
  crash(): void {
    this.#crashed = true
  }

  /** Resolves when nothing is in flight; never after a crash. */
  async settled(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing
    if (this.#crashed) await new Promise(() => undefined)
  }

  /** A batch of this log waits for the next commit. */
  enlist(log: MemorySegmentLog): void {
    this.#open.add(log)
    this.#committing ??= this.#commitAll()
  }

  /** A change to this log takes effect as a commit does: later, or never. */
  async persist(log: MemorySegmentLog, change: () => void): Promise<void> {
    await (this.options.commit ?? nextTurn)()
    if (this.#crashed) await new Promise(() => undefined)
    change()
    this.#store(log)
  }

  async #commitAll(): Promise<void> {
    await Promise.resolve()
    while (this.#open.size > 0 && !this.#crashed) await this.#commitOnce()
    this.#committing = undefined
  }

  async #commitOnce(): Promise<void> {
    const commits = new Map<MemorySegmentLog, MemoryCommit>()
    for (const log of this.#open) commits.set(log, log.beginCommit())
    this.#open = new Set()
    try {
      await (this.options.commit ?? nextTurn)()
    } catch (error) {
      for (const log of commits.keys()) log.fail(error instanceof Error ? error : new Error(String(error)))
      return
    }
    if (this.#crashed) return
    for (const [log, commit] of commits) {
      this.#store(log)
      log.complete(commit)
    }
  }

  /** A log that was removed meanwhile leaves nothing. */
  #store(log: MemorySegmentLog): void {
    const name = formatSegmentKey(log)
    if (this.#logs.get(name) === log) this.disk.set(name, log.stored)
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
