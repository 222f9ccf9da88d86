import { expect } from 'chai'
import { BATCH_ENTRIES_MAX } from './walrus-options.js'
import type { Walrus } from './walrus.js'
import { readAll } from './harness.test.js'

/** What the caller of one topic knows: what it asked for, and what was answered. */
export interface TopicModel {
  /** Every entry that an append was called with, in the order of the calls. */
  readonly attempted: string[]
  /** Offset → entry, of every append that resolved. */
  readonly acked: Map<number, string>
  /** Index in `attempted` at which an appended batch starts → its entries. */
  readonly batches: Map<number, number>
  /** Entries that reads through the cursor have returned. */
  deliveredCount: number
  /** Entries that the reads under way can still return. */
  underWayCount: number
  /** The most that one read returned at once. */
  largestDelivery: number
  /** Entries that a resolved `sync` covers. */
  syncedCount: number
  /** Entries before this offset were given up, as a resolved call says, and as calls that may not have resolved ask. */
  readonly start: { resolved: number; asked: number }
}

/** How the run was to be durable, and how its cursors were to move. */
export interface Promises {
  readonly durable: boolean
  /** 0: strictly at once. */
  readonly persistEvery: number
}

export type CrashModel = Map<string, TopicModel>

export function topicModel(model: CrashModel, topic: string): TopicModel {
  const known = model.get(topic)
  if (known) return known
  const made = {
    attempted: [],
    acked: new Map<number, string>(),
    batches: new Map<number, number>(),
    deliveredCount: 0,
    underWayCount: 0,
    largestDelivery: 0,
    syncedCount: 0,
    start: { resolved: 0, asked: 0 },
  }
  model.set(topic, made)
  return made
}

/** Compares what came back after a crash with what the caller may rely on; the model then says what stands now. */
export async function checkRecovered(walrus: Walrus, model: CrashModel, promises: Promises): Promise<void> {
  for (const topic of walrus.topics()) expect([...model.keys()], 'topics that were never written to').to.include(topic)
  for (const [topic, known] of model) {
    const start = walrus.topics().includes(topic) ? walrus.cursor(topic, 'start', { kind: 'Manual' }).offset : 0
    const recovered = await readAll(walrus, topic, start)
    checkEntries(recovered, start, known, promises)
    expect(walrus.entryCount(topic), `entry count of ${topic}`).to.equal(recovered.length)
    await checkCursor(walrus, topic, { known, promises, endOffset: start + recovered.length })
    settle(known, start, recovered)
  }
}

function checkEntries(recovered: readonly string[], start: number, known: TopicModel, { durable }: Promises): void {
  const end = start + recovered.length
  expect(recovered, 'entries are those that were appended, in order, each once').to.deep.equal(
    known.attempted.slice(start, end),
  )
  const least = durable ? Math.max(-1, ...known.acked.keys()) + 1 : known.syncedCount
  expect(end, 'entries that were acknowledged').to.be.at.least(least)
  expect(start, 'entries that were given up').to.be.within(durable ? known.start.resolved : 0, known.start.asked)
  for (const [offset, entry] of known.acked)
    if (offset >= start && offset < end) expect(recovered[offset - start], `entry at ${offset}`).to.equal(entry)
  for (const [first, count] of known.batches) {
    const kept = Math.min(Math.max(end - first, 0), count)
    expect([0, count], `entries of the batch of ${count} at ${first}`).to.include(kept)
  }
}

interface CursorCheck {
  readonly known: TopicModel
  readonly promises: Promises
  readonly endOffset: number
}

async function checkCursor(walrus: Walrus, topic: string, { known, promises, endOffset }: CursorCheck): Promise<void> {
  const [next] = await walrus.readBatch(topic, { checkpoint: false, maxEntries: 1 })
  const position = next?.offset ?? endOffset
  expect(walrus.unreadCount(topic), `unread entries of ${topic}`).to.equal(endOffset - position)
  const { deliveredCount, underWayCount, largestDelivery } = known
  const strict = promises.persistEvery === 0
  const most = Math.max(known.start.asked, deliveredCount) + (strict ? underWayCount : 0)
  expect(position, `cursor of ${topic} is not ahead of what was handed out`).to.be.at.most(most)
  if (!promises.durable) return
  const repeatedMax = strict ? 0 : Math.max(promises.persistEvery, largestDelivery)
  expect(position, `cursor of ${topic} is behind what was handed out`).to.be.at.least(deliveredCount - repeatedMax)
}

/** What was recovered once is there for good; a caller reads on from where the cursor now stands. */
function settle(known: TopicModel, start: number, recovered: readonly string[]): void {
  known.attempted.length = start + recovered.length
  known.acked.clear()
  for (const [nth, entry] of recovered.entries()) known.acked.set(start + nth, entry)
  known.syncedCount = known.attempted.length
  known.start.resolved = known.start.asked = start
  known.batches.clear()
}

/** Sets the model's reader to where the cursor stands. */
export async function resumeReading(walrus: Walrus, model: CrashModel): Promise<void> {
  for (const [topic, known] of model) {
    known.deliveredCount = known.attempted.length - walrus.unreadCount(topic)
    known.underWayCount = 0
    known.largestDelivery = 0
  }
}

/** Calls of the library that keep the model up to date. */
export class ModelledCaller {
  readonly #walrus: Walrus
  readonly #model: CrashModel

  constructor(walrus: Walrus, model: CrashModel) {
    this.#walrus = walrus
    this.#model = model
  }

  async append(topic: string, entry: string): Promise<void> {
    const known = topicModel(this.#model, topic)
    known.attempted.push(entry)
    known.acked.set(await this.#walrus.append(topic, Buffer.from(entry)), entry)
  }

  async appendBatch(topic: string, entries: readonly string[]): Promise<void> {
    const known = topicModel(this.#model, topic)
    known.batches.set(known.attempted.length, entries.length)
    known.attempted.push(...entries)
    const parts = entries.map((entry) => Buffer.from(entry))
    const { firstOffset } = await this.#walrus.appendBatch(topic, parts)
    for (const [at, entry] of entries.entries()) known.acked.set(firstOffset + at, entry)
  }

  async readBatch(topic: string, maxEntries: number): Promise<void> {
    const known = topicModel(this.#model, topic)
    known.underWayCount += Math.min(maxEntries, BATCH_ENTRIES_MAX)
    const entries = await this.#walrus.readBatch(topic, { maxEntries })
    known.underWayCount -= Math.min(maxEntries, BATCH_ENTRIES_MAX)
    known.deliveredCount = Math.max(known.deliveredCount, (entries.at(-1)?.offset ?? -1) + 1)
    known.largestDelivery = Math.max(known.largestDelivery, entries.length)
    for (const { offset, data } of entries)
      expect(Buffer.from(data).toString(), `what was read at offset ${offset}`).to.equal(known.attempted[offset])
  }

  /** Gives up the older half of what was acknowledged. */
  async truncate(topic: string): Promise<void> {
    const known = topicModel(this.#model, topic)
    const offset = Math.floor((known.start.asked + Math.max(0, ...known.acked.keys())) / 2)
    known.start.asked = Math.max(known.start.asked, offset)
    await this.#walrus.truncateBefore(topic, offset)
    known.start.resolved = Math.max(known.start.resolved, offset)
  }

  async sync(): Promise<void> {
    const ends = [...this.#model.values()].map((known) => [known, Math.max(-1, ...known.acked.keys()) + 1] as const)
    await this.#walrus.sync()
    for (const [known, end] of ends) known.syncedCount = end
  }
}
