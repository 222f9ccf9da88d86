import { nativeChecksum, systemClock } from '@walrus/adapters-fs'
import { openBackend, type StorageChoice } from '@walrus/embedded'
import { randomBelow, seededRandom, type Random } from '@walrus/testing'
import { Walrus, type ReadConsistency } from '@walrus/wal'
import type { StoredEntry } from '@walrus/core'
import { between, oneOf, weighted } from '../plan/random-choice.js'
import { markedEntry, MARKED_BYTES_MIN, markOf } from './marked-entry.js'
import type { Report, SeenEntry } from './report.js'
import { CURSOR, TOPICS, victimEngine, type VictimOrder } from './victim-plan.js'

const STRICTLY: ReadConsistency = { kind: 'StrictlyAtOnce' }

/** One thing that a victim does, beside others or alone. */
interface Deed {
  readonly weight: number
  readonly do: (topic: string) => Promise<void>
}

type Deeds = readonly [Deed, ...Deed[]]

/** The life of a victim: rounds of calls that run beside each other, with a rest in between. Every call is said before it is made. */
export class Victim {
  readonly #order: VictimOrder
  readonly #say: (report: Report) => void
  readonly #fail: (error: unknown) => void
  readonly #random: Random
  #lastCall: number
  #walrus!: Walrus

  constructor(order: VictimOrder, say: (report: Report) => void, fail: (error: unknown) => void) {
    this.#order = order
    this.#say = say
    this.#fail = fail
    this.#random = seededRandom(order.seed)
    this.#lastCall = order.firstCall
  }

  /** Until it is killed; the last one ends by itself. */
  async live(): Promise<void> {
    await this.#open()
    await this.#report()
    if (this.#order.isLast) return this.#end()
    for (;;) await this.#round()
  }

  async #open(): Promise<void> {
    const { path, backend, seed } = this.#order
    const { directory } = await openBackend(backend as StorageChoice, path)
    const surroundings = { directory, clock: systemClock(), checksum: nativeChecksum, onProblem: this.#fail }
    this.#walrus = await Walrus.open({ ...victimEngine(seed), ...surroundings })
  }

  /** All that it finds, before it does anything. */
  async #report(): Promise<void> {
    for (const topic of this.#walrus.topics()) {
      const [startOffset, endOffset] = [this.#walrus.startOffset(topic), this.#walrus.endOffset(topic)]
      const entries: SeenEntry[] = []
      while (startOffset + entries.length < endOffset) {
        const more = await this.#walrus.read(topic, startOffset + entries.length)
        if (more.length === 0) throw new Error(`topic ${topic} shows nothing at ${startOffset + entries.length}`)
        entries.push(...more.map(seen))
      }
      const position = endOffset - this.#walrus.unreadCount(topic)
      const next = await this.#walrus.readNext(topic, { checkpoint: false })
      const cursors = { [CURSOR]: endOffset - this.#walrus.unreadCount(topic, CURSOR) }
      const nextOffset = next?.offset ?? null
      this.#say({ is: 'found', topic, startOffset, endOffset, entries, cursors, position, nextOffset })
    }
    this.#say({ is: 'opened' })
  }

  async #end(): Promise<void> {
    await Promise.all(TOPICS.map((topic) => this.#append(topic)))
    await this.#walrus.close()
    this.#say({ is: 'closed' })
  }

  async #round(): Promise<void> {
    const alone = this.#random() < 0.15
    const deeds = alone ? this.#alone : this.#beside
    const count = alone ? 1 : between(this.#random, 1, 24)
    const chosen = Array.from({ length: count }, () => weighted(this.#random, deeds) ?? deeds[0])
    await Promise.all(chosen.map((deed) => deed.do(oneOf(this.#random, TOPICS))))
    this.#say({ is: 'rest' })
  }

  readonly #beside: Deeds = [
    { weight: 10, do: (topic) => this.#append(topic) },
    { weight: 4, do: (topic) => this.#appendBatch(topic) },
    { weight: 5, do: (topic) => this.#readNext(topic) },
    { weight: 2, do: (topic) => this.#commit(topic) },
  ]

  readonly #alone: Deeds = [
    { weight: 6, do: (topic) => this.#truncate(topic) },
    { weight: 1, do: (topic) => this.#delete(topic) },
    { weight: 2, do: () => this.#walrus.sync() },
    { weight: 2, do: () => this.#closeAndOpen() },
  ]

  async #append(topic: string): Promise<void> {
    const call = this.#nextCall()
    const sizeBytes = this.#sizeBytes()
    this.#say({ is: 'begins append', call, topic, sizes: [sizeBytes] })
    const offset = await this.#walrus.append(topic, markedEntry({ call, nth: 0, sizeBytes }))
    this.#say({ is: 'appended', call, offset })
  }

  async #appendBatch(topic: string): Promise<void> {
    const call = this.#nextCall()
    const sizes = Array.from({ length: between(this.#random, 2, 12) }, () => this.#sizeBytes())
    const entries = sizes.map((sizeBytes, nth) => markedEntry({ call, nth, sizeBytes }))
    this.#say({ is: 'begins append', call, topic, sizes })
    const { firstOffset } = await this.#walrus.appendBatch(topic, entries)
    this.#say({ is: 'appended', call, offset: firstOffset })
  }

  async #readNext(topic: string): Promise<void> {
    const call = this.#nextCall()
    const entriesMax = between(this.#random, 1, 6)
    this.#say({ is: 'begins read', call, topic, entriesMax })
    const entries = await this.#walrus.readBatch(topic, { maxEntries: entriesMax })
    this.#say({ is: 'delivered', call, entries: entries.map(seen) })
  }

  async #commit(topic: string): Promise<void> {
    const call = this.#nextCall()
    const [from, to] = [this.#walrus.startOffset(topic), this.#walrus.endOffset(topic)]
    const offset = between(this.#random, from, to)
    this.#say({ is: 'begins commit', call, topic, offset })
    await this.#walrus.cursor(topic, CURSOR, STRICTLY).seek({ offset })
    this.#say({ is: 'committed', call, offset })
  }

  /** Leaves an entry, and most often not many. */
  async #truncate(topic: string): Promise<void> {
    const [from, to] = [this.#walrus.startOffset(topic), this.#walrus.endOffset(topic)]
    if (to - from < 2) return
    const call = this.#nextCall()
    const offset = to - 1 - randomBelow(this.#random, Math.min(20, to - from - 1))
    this.#say({ is: 'begins truncate', call, topic })
    await this.#walrus.truncateBefore(topic, offset)
    this.#say({ is: 'truncated', call, offset })
  }

  async #delete(topic: string): Promise<void> {
    const call = this.#nextCall()
    this.#say({ is: 'begins delete', call, topic })
    await this.#walrus.deleteTopic(topic)
    this.#say({ is: 'deleted', call, offset: 0 })
  }

  async #closeAndOpen(): Promise<void> {
    await this.#walrus.close()
    await this.#open()
  }

  #nextCall(): number {
    this.#lastCall += 1
    return this.#lastCall
  }

  #sizeBytes(): number {
    return MARKED_BYTES_MIN + randomBelow(this.#random, oneOf(this.#random, [40, 400, 9000]))
  }
}

function seen({ offset, data }: StoredEntry): SeenEntry {
  const mark = markOf(data)
  if (!mark) throw new Error(`the entry at offset ${offset} has wrong bytes`)
  return { offset, ...mark }
}
