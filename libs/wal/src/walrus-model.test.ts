import { FaultyDisk } from '@walrus/testing'
import { expect } from 'chai'
import fc from 'fast-check'
import { bytesOf, openWalrus, readAll, textsOf } from './harness.test.js'
import type { WalrusOptions } from './walrus-options.js'
import type { Walrus } from './walrus.js'

/* The library beside an array per topic: whatever is called, in whatever order, both say the same. */

type Step =
  | { readonly kind: 'append'; readonly topic: string; readonly entry: string }
  | { readonly kind: 'appendBatch'; readonly topic: string; readonly entries: readonly string[] }
  | { readonly kind: 'appendMany'; readonly topic: string; readonly entries: readonly string[] }
  | { readonly kind: 'readNext'; readonly topic: string; readonly checkpoint: boolean }
  | { readonly kind: 'readBatch'; readonly topic: string; readonly maxEntries: number; readonly maxBytes: number }
  | { readonly kind: 'read'; readonly topic: string; readonly offset: number; readonly maxEntries: number }
  | { readonly kind: 'reopen' }

interface ModelTopic {
  readonly entries: string[]
  next: number
}

const topic = fc.constantFrom('one', 'two', 'three')
const entry = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.integer({ min: 0, max: 9000 }).map((length) => 'x'.repeat(length)),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('append'), topic, entry }),
  fc.record({ kind: fc.constant('appendBatch'), topic, entries: fc.array(entry, { minLength: 1, maxLength: 8 }) }),
  fc.record({ kind: fc.constant('appendMany'), topic, entries: fc.array(entry, { maxLength: 20 }) }),
  fc.record({ kind: fc.constant('readNext'), topic, checkpoint: fc.boolean() }),
  fc.record({ kind: fc.constant('readBatch'), topic, maxEntries: fc.nat(12), maxBytes: fc.nat(12_000) }),
  fc.record({ kind: fc.constant('read'), topic, offset: fc.nat(60), maxEntries: fc.nat(12) }),
  fc.record({ kind: fc.constant('reopen') }),
)
const settings: fc.Arbitrary<Partial<Omit<WalrusOptions, 'directory'>>> = fc.record({
  segmentBytesMax: fc.constantFrom(1, 1000, 20_000, 1e9),
  batchBytesMax: fc.constantFrom(1, 500, 100_000),
  blockBytes: fc.constantFrom(4096, 16_384),
  consistency: fc.constantFrom({ kind: 'StrictlyAtOnce' }, { kind: 'AtLeastOnce', persistEvery: 4 }),
  fsync: fc.constantFrom({ kind: 'each' }, { kind: 'none' }, { kind: 'interval', milliseconds: 100 }),
})

describe('walrus beside a model of arrays', function () {
  this.timeout(60_000)

  it('says the same, whatever is called', async () => {
    const runs = fc.array(step, { minLength: 1, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(settings, settings, runs, async (first, later, steps) => {
        const run = new ModelRun(first, later)
        await run.open()
        for (const one of steps) await run.take(one)
        await run.finish()
      }),
      { numRuns: 150 },
    )
  })
})

class ModelRun {
  readonly #disk = new FaultyDisk()
  readonly #model = new Map<string, ModelTopic>()
  readonly #settings: readonly Partial<Omit<WalrusOptions, 'directory'>>[]
  #openCount = 0
  #walrus: Walrus | undefined

  /** Opened with one set of settings and the other, in turns: the data does not depend on them. */
  constructor(...settings: readonly Partial<Omit<WalrusOptions, 'directory'>>[]) {
    this.#settings = settings
  }

  async open(): Promise<void> {
    const settings = this.#settings[this.#openCount++ % this.#settings.length]
    this.#walrus = await openWalrus(this.#disk, settings)
  }

  async take(one: Step): Promise<void> {
    const walrus = this.#walrus!
    switch (one.kind) {
      case 'reopen':
        await walrus.close()
        return this.open()
      case 'append':
        return this.#append(one.topic, [one.entry], async () => [await walrus.append(one.topic, bytesOf(one.entry))])
      case 'appendMany':
        return this.#append(one.topic, one.entries, () =>
          Promise.all(one.entries.map((text) => walrus.append(one.topic, bytesOf(text)))),
        )
      case 'appendBatch':
        return this.#append(one.topic, one.entries, async () => {
          const { firstOffset } = await walrus.appendBatch(
            one.topic,
            one.entries.map((text) => bytesOf(text)),
          )
          return one.entries.map((_, nth) => firstOffset + nth)
        })
      case 'readNext': {
        const read = await walrus.readNext(one.topic, { checkpoint: one.checkpoint })
        return this.#compareNext(one.topic, read ? textsOf([read]) : [], { maxEntries: 1, maxBytes: 1 }, one.checkpoint)
      }
      case 'readBatch':
        return this.#compareNext(one.topic, textsOf(await walrus.readBatch(one.topic, one)), one, true)
      case 'read': {
        const read = await walrus.read(one.topic, one.offset, { maxEntries: one.maxEntries })
        const all = this.#model.get(one.topic)?.entries ?? []
        const expected = all.slice(one.offset, one.offset + one.maxEntries)
        expect(textsOf(read)).to.deep.equal(expected.slice(0, read.length))
        expect(read.length > 0, 'one entry at least, if there is one').to.equal(expected.length > 0)
      }
    }
  }

  async finish(): Promise<void> {
    await this.take({ kind: 'reopen' })
    const walrus = this.#walrus!
    const written = [...this.#model].filter(([, { entries }]) => entries.length > 0)
    expect(walrus.topics()).to.deep.equal(written.map(([name]) => name).sort())
    for (const [name, { entries, next }] of written) {
      expect(await readAll(walrus, name)).to.deep.equal(entries)
      expect([walrus.entryCount(name), walrus.unreadCount(name)]).to.deep.equal([entries.length, entries.length - next])
    }
    await walrus.close()
  }

  async #append(name: string, entries: readonly string[], call: () => Promise<readonly number[]>): Promise<void> {
    const known = this.#model.get(name) ?? { entries: [], next: 0 }
    this.#model.set(name, known)
    expect(await call()).to.deep.equal(entries.map((_, nth) => known.entries.length + nth))
    known.entries.push(...entries)
  }

  #compareNext(
    name: string,
    read: readonly string[],
    limits: { readonly maxEntries: number; readonly maxBytes: number },
    moves: boolean,
  ): void {
    const known = this.#model.get(name) ?? { entries: [], next: 0 }
    const ahead = known.entries.slice(known.next, known.next + limits.maxEntries)
    expect(read).to.deep.equal(ahead.slice(0, read.length))
    const bytes = read.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
    expect(bytes <= limits.maxBytes || read.length === 1, `${bytes} bytes of at most ${limits.maxBytes}`).to.equal(true)
    expect(read.length > 0, 'one entry at least, if there is one').to.equal(ahead.length > 0)
    if (moves) known.next += read.length
  }
}
