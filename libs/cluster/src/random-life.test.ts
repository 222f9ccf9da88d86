import { DEFAULT_TOPIC_CONFIG, type NodeId } from '@walrus/core'
import { randomBelow, seededRandom, type Random } from '@walrus/testing'
import { expect } from 'chai'
import { ClusterHarness } from './cluster-harness.test.js'
import { bytes, range, text } from './node-harness.test.js'

const ids: readonly NodeId[] = [1, 2, 3]
const STEPS = 40

/** Writers and readers on all nodes of a cluster, while one node at a time dies, stops, is cut off, leaves or is rolled. */
class RandomLife {
  readonly acknowledged: string[] = []
  readonly delivered: string[] = []
  readonly #harness: ClusterHarness
  readonly #random: Random
  readonly #underWay: Promise<unknown>[] = []
  #written = 0
  /** The node with which something is wrong, and how to make that good. */
  #victim: { readonly id: NodeId; readonly recover: () => Promise<void> } | undefined

  constructor(harness: ClusterHarness, random: Random) {
    this.#harness = harness
    this.#random = random
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step += 1) {
      this.#write()
      if (step % 3 === 0) this.#read()
      if (randomBelow(this.#random, 4) === 0) await this.#disturb()
      await this.#harness.advance(10 + randomBelow(this.#random, 20) * 10)
    }
    await this.#victim?.recover()
    await this.#harness.until(Promise.all(this.#underWay))
    await this.#harness.advance(6000)
  }

  /** The order of one node's writes, from its start to its end, is in their names. */
  #write(): void {
    for (const [id, node] of this.#harness.nodes) {
      for (let count = randomBelow(this.#random, 4); count > 0; count -= 1) {
        const name = `${id}-${(this.#written += 1)}`
        const done = node.append('logs', bytes(name)).done()
        this.#underWay.push(
          done.then(
            () => this.acknowledged.push(name),
            () => undefined,
          ),
        )
      }
    }
  }

  #read(): void {
    for (const node of this.#harness.nodes.values()) {
      const got = node.get('logs').then(
        (entry) => entry && this.delivered.push(text(entry.data) ?? ''),
        () => undefined,
      )
      this.#underWay.push(got)
    }
  }

  async #disturb(): Promise<void> {
    if (this.#victim !== undefined) {
      await this.#victim.recover()
      this.#victim = undefined
      return
    }
    const id = ids[randomBelow(this.#random, ids.length)] ?? 1
    const harness = this.#harness
    switch (randomBelow(this.#random, 5)) {
      case 0:
        harness.kill(id)
        this.#victim = { id, recover: async () => void (await harness.until(harness.open(id))) }
        return
      case 1:
        harness.stop(id)
        this.#victim = { id, recover: async () => harness.resume(id) }
        return
      case 2:
        harness.isolate(id)
        this.#victim = { id, recover: async () => harness.heal() }
        return
      case 3:
        this.#underWay.push(harness.node(id).drain())
        this.#victim = { id, recover: () => this.#restart(id) }
        return
      default:
        this.#underWay.push(
          harness
            .node(id)
            .administration.rollTopic('logs')
            .catch(() => undefined),
        )
    }
  }

  async #restart(id: NodeId): Promise<void> {
    this.#harness.kill(id)
    await this.#harness.until(this.#harness.open(id))
  }
}

describe('the life of a cluster', () => {
  for (const seed of range(1, 31)) {
    it(`loses, repeats and reorders nothing (seed ${seed})`, async () => {
      const harness = new ClusterHarness(ids, {
        segmentLimits: { segmentEntriesMax: 5 + (seed % 40) },
        topicConfig: DEFAULT_TOPIC_CONFIG,
      })
      const nodes = await harness.start()
      await harness.until(nodes[0]!.register('logs'))
      const life = new RandomLife(harness, seededRandom(seed))
      await life.run()
      const stored = await entriesOf(harness)
      expect(new Set(stored).size).to.equal(stored.length)
      expect(stored).to.include.members(life.acknowledged)
      for (const id of ids) expect(numbersOf(stored, id)).to.deep.equal(ascending(numbersOf(stored, id)))
      expect(new Set(life.delivered).size).to.equal(life.delivered.length)
      expect(stored).to.include.members(life.delivered)
      expect(life.acknowledged.length).to.be.above(30)
      await harness.close()
    })
  }
})

async function entriesOf(harness: ClusterHarness): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const entries = await harness.until(
      harness.node(1).fetch('logs', found.length, { maxEntries: 1000, maxBytes: 1e6 }),
    )
    if (entries.length === 0) return found
    for (const entry of entries) expect(entry.offset).to.equal(found.push(text(entry.data) ?? '') - 1)
  }
}

function numbersOf(stored: readonly string[], node: NodeId): number[] {
  return stored.filter((name) => name.startsWith(`${node}-`)).map((name) => Number(name.slice(2)))
}

function ascending(numbers: readonly number[]): number[] {
  return [...numbers].sort((left, right) => left - right)
}
