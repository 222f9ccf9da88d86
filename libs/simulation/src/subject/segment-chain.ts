import {
  EMPTY_TOPIC_STATE,
  WalrusError,
  type LogStorage,
  type ReadLimits,
  type SegmentKey,
  type SegmentLog,
  type StoredEntry,
} from '@walrus/core'
import { expectPromise } from '../model/violation.js'
import { nextRow, type SegmentRow } from './catalogue.js'
import type { TopicBounds } from './subject.js'

/** A topic as a chain of segments over `LogStorage`: the smallest thing that a node does with them. */
export class SegmentChain {
  readonly #storage: LogStorage
  readonly #topic: string
  readonly #rows: SegmentRow[]
  readonly #segmentBytesMax: number
  #open: SegmentLog
  #rolling: Promise<void> | undefined
  /** Set once a roll has begun and failed: the open segment takes nothing any more. */
  #mustRoll = false

  /** @param rows ascending, at least one; kept up to date */
  constructor(storage: LogStorage, topic: string, rows: SegmentRow[], segmentBytesMax: number) {
    this.#storage = storage
    this.#topic = topic
    this.#rows = rows
    this.#segmentBytesMax = segmentBytesMax
    this.#open = this.#openLast()
  }

  get open(): SegmentLog {
    return this.#open
  }

  get bounds(): TopicBounds {
    const first = this.#rows.find(({ leaving }) => !leaving)
    return {
      startOffset: first?.baseOffset ?? this.#open.baseOffset,
      endOffset: this.#open.baseOffset + this.#open.entryCount,
    }
  }

  get leaving(): boolean {
    return this.#rows.every(({ leaving }) => leaving)
  }

  async append(entries: readonly Uint8Array[], atomic: boolean): Promise<number> {
    const opening = this.#whenOpen()
    if (opening) await opening
    const [first = new Uint8Array()] = entries
    const ticket = atomic ? this.#open.appendBatch(entries) : this.#open.append(first)
    const { lastOffset } = ticket
    await ticket.done()
    return lastOffset - entries.length + 1
  }

  async commitCursor(name: string, offset: number): Promise<void> {
    const opening = this.#whenOpen()
    if (opening) await opening
    await this.#open.commitCursor(name, offset).done()
  }

  async read(offset: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    const from = Math.max(offset, this.bounds.startOffset)
    const row = this.#rows.findLast(({ baseOffset, leaving }) => baseOffset <= from && !leaving)
    const log = row && this.#storage.segment(this.#keyOf(row))
    return log ? log.read(from - log.baseOffset, limits) : []
  }

  roll(): Promise<void> {
    this.#rolling ??= this.#roll().finally(() => (this.#rolling = undefined))
    return this.#rolling
  }

  /** Removes the oldest segment. */
  async trim(): Promise<number> {
    const [first] = this.#rows
    if (first && this.#rows.length > 1) await this.#remove(first)
    return this.bounds.startOffset
  }

  /** Removes all segments, from the oldest on. */
  async removeAll(): Promise<void> {
    const rows = [...this.#rows]
    for (const row of rows) row.leaving = true
    for (const row of rows) await this.#remove(row)
  }

  /** The state of the topic is in the open segment, or nowhere else: then the ones before can go. */
  get trimmable(): boolean {
    return this.#rows.length > 1 && (this.#open.sizeBytes > 0 || this.#open.topicState.cursors.size === 0)
  }

  #whenOpen(): Promise<void> | undefined {
    const isFull = this.#open.sizeBytes >= this.#segmentBytesMax
    return this.#rolling ?? (isFull || this.#mustRoll ? this.roll() : undefined)
  }

  async #roll(): Promise<void> {
    const sealed = this.#open
    this.#mustRoll = true
    await sealed.seal()
    this.#mustRoll = false
    expectRefusal(sealed)
    const row = this.#rows.at(-1)
    if (!row) return
    row.sealedCount = sealed.entryCount
    const next = nextRow(row)
    this.#rows.push(next)
    this.#open = this.#create(next, sealed)
  }

  async #remove(row: SegmentRow): Promise<void> {
    row.leaving = true
    await this.#storage.remove(this.#keyOf(row))
    this.#rows.splice(this.#rows.indexOf(row), 1)
  }

  /** A segment that was sealed when nobody heard of it any more is followed by the next one. */
  #openLast(): SegmentLog {
    const row = this.#rows.at(-1)
    if (!row) throw new Error(`topic ${this.#topic} has no segment`)
    const stored = this.#storage.segment(this.#keyOf(row))
    if (!stored) return this.#create(row, this.#before(row))
    if (!stored.sealed) return stored
    row.sealedCount = stored.entryCount
    const next = nextRow(row)
    this.#rows.push(next)
    return this.#create(next, stored)
  }

  /** The newest segment that left something on disk: it has the state of the topic. */
  #before({ segment }: SegmentRow): SegmentLog | undefined {
    const stored = this.#rows.map((row) =>
      row.segment < segment ? this.#storage.segment(this.#keyOf(row)) : undefined,
    )
    return stored.findLast((log) => log !== undefined)
  }

  #create(row: SegmentRow, before: SegmentLog | undefined): SegmentLog {
    const { baseOffset, epoch } = row
    const topicState = before?.topicState ?? EMPTY_TOPIC_STATE
    return this.#storage.create({ ...this.#keyOf(row), baseOffset, epoch, topicState })
  }

  #keyOf({ segment }: SegmentRow): SegmentKey {
    return { topic: this.#topic, segment }
  }
}

function expectRefusal(sealed: SegmentLog): void {
  let refusal: unknown
  try {
    sealed.append(new Uint8Array(1))
  } catch (error) {
    refusal = error
  }
  expectPromise(
    refusal instanceof WalrusError,
    () => `segment ${sealed.segment} of topic ${sealed.topic} took an entry after it was sealed`,
  )
}
