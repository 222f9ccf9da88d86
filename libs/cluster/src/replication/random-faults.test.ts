import { endOffset, WalrusError, type NodeId } from '@walrus/core'
import { randomBelow, seededRandom, type Random } from '@walrus/testing'
import { expect } from 'chai'
import { EngineDisk } from './engine-disk.test.js'
import { TestCluster, turns, type TestDisk } from './replication-harness.test.js'

/** What may happen, and how often out of all of them. */
const FAULTS: readonly (readonly [weight: number, fault: Fault])[] = [
  [3, 'crash'],
  [5, 'start'],
  [2, 'isolate'],
  [3, 'cut one way'],
  [6, 'heal'],
  [2, 'disk refuses'],
  [3, 'disk is slow'],
  [4, 'disk is well'],
  [2, 'links are slow'],
  [2, 'roll'],
  [1, 'elect'],
]

type Fault =
  | 'crash'
  | 'start'
  | 'isolate'
  | 'cut one way'
  | 'heal'
  | 'disk refuses'
  | 'disk is slow'
  | 'disk is well'
  | 'links are slow'
  | 'roll'
  | 'elect'

/** Appends and faults by chance, and what was acknowledged of it. */
class Storm {
  readonly cluster: TestCluster
  /** Offset by entry, as it was acknowledged. */
  readonly acknowledged = new Map<string, number>()
  /** Entries that were refused in words that say that they are not stored. */
  readonly refused = new Set<string>()
  readonly #random: Random
  #count = 0

  readonly #refused = new Set<NodeId>()

  constructor(seed: number, nodes: number, disk?: (random: Random) => TestDisk) {
    const random = seededRandom(seed)
    this.#random = random
    this.cluster = new TestCluster({
      nodes,
      ...(disk && { disk: () => disk(random) }),
      limits: { requestTimeoutMs: 2_000, stretchBytesMax: 300, retryMaxMs: 200 },
    })
  }

  async run(steps: number): Promise<void> {
    await this.cluster.start('logs', 'quorum', this.cluster.ids.slice(0, 3))
    for (let step = 0; step < steps; step += 1) {
      this.#append()
      if (randomBelow(this.#random, 4) === 0) this.#happen(this.#anyFault())
      await this.cluster.run(10 * (1 + randomBelow(this.#random, 20)))
    }
    await this.#calm()
  }

  #append(): void {
    const leading = this.cluster.running.filter((node) => node.open.has('logs'))
    for (const node of leading) {
      for (let left = randomBelow(this.#random, 5); left > 0; left -= 1) {
        const entry = `entry-${(this.#count += 1)}`
        try {
          node.append('logs', entry).onSettled((ticket) => {
            if (ticket.state === 'committed') this.acknowledged.set(entry, this.#offsetOf(entry))
            else if (ticket.error instanceof WalrusError && ticket.error.code === 'UNAVAILABLE') this.refused.add(entry)
          })
          this.#offsets.set(entry, node.segment('logs').baseOffset + node.segment('logs').appendedCount - 1)
        } catch (error) {
          if (!(error instanceof WalrusError)) throw error
          this.refused.add(entry)
        }
      }
    }
  }

  readonly #offsets = new Map<string, number>()

  #offsetOf(entry: string): number {
    return this.#offsets.get(entry) ?? -1
  }

  #anyFault(): Fault {
    let at = randomBelow(
      this.#random,
      FAULTS.reduce((sum, [weight]) => sum + weight, 0),
    )
    for (const [weight, fault] of FAULTS) {
      at -= weight
      if (at < 0) return fault
    }
    return 'heal'
  }

  #anyNode(): number {
    return 1 + randomBelow(this.#random, this.cluster.ids.length)
  }

  #happen(fault: Fault): void {
    const { cluster } = this
    const node = this.#anyNode()
    const up = cluster.isUp(node) ? cluster.node(node) : undefined
    switch (fault) {
      case 'crash':
        return cluster.crash(node)
      case 'start':
        for (const id of cluster.ids) if (!cluster.isUp(id)) cluster.open(id)
        return
      case 'isolate':
        return cluster.isolate(node)
      case 'cut one way':
        return cluster.peers.cut(node, this.#anyNode())
      case 'heal':
        cluster.peers.delayMs = () => 0
        return cluster.heal()
      case 'disk refuses':
        this.#refused.add(node)
        if (up) up.commit = () => turns(1).then(() => Promise.reject(new WalrusError('IO_FAILED', 'the disk is gone')))
        return
      case 'disk is slow':
        if (up) up.commit = () => turns(30)
        return
      case 'disk is well':
        for (const one of cluster.running) one.commit = () => turns(1)
        return
      case 'links are slow':
        cluster.peers.delayMs = () => randomBelow(this.#random, 3) * 15
        return
      case 'roll':
        void cluster
          .leader('logs')
          ?.roll('logs')
          .catch(() => undefined)
        return
      case 'elect':
        return cluster.metadata.elect(node)
    }
  }

  /** Everything is well again, and the last segment is ended. */
  async #calm(): Promise<void> {
    const { cluster } = this
    this.#happen('heal')
    this.#happen('start')
    this.#happen('disk is well')
    // A file that has failed takes no more writes until it is opened again.
    for (const id of this.#refused) {
      cluster.crash(id)
      cluster.open(id)
    }
    await cluster.roll('logs')
    await cluster.until(() => cluster.isWhole('logs'), 'that all copies are whole')
  }
}

describe('a replicated topic', () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    it(`keeps every acknowledged entry once, at its offset, whatever fails (seed ${seed})`, () =>
      check(new Storm(seed, seed % 2 === 0 ? 3 : 5))).timeout(60_000)
  }

  for (let seed = 1; seed <= 12; seed += 1) {
    it(`keeps them on disks that lose what was not synced (seed ${seed})`, () =>
      check(new Storm(seed, 3, (random) => new EngineDisk(random)))).timeout(60_000)
  }
})

async function check(storm: Storm): Promise<void> {
  const { cluster, acknowledged, refused } = storm
  try {
    await storm.run(60)
    const copies = await Promise.all(cluster.ids.map((id) => cluster.stored('logs', id)))
    const end = endOffset(cluster.topic('logs').segments.at(-2)!)
    const whole = Array.from({ length: end }, (_, at) => copies.map((copy) => copy[at]).find((entry) => entry))
    for (const copy of copies) copy.forEach((entry, at) => expect(entry ?? whole[at]).to.equal(whole[at]))
    expect(new Set(whole).size).to.equal(end)
    expect(whole).to.not.include(undefined)
    for (const [entry, offset] of acknowledged) expect(whole[offset]).to.equal(entry)
    for (const entry of refused) expect(whole).to.not.include(entry)
    expect(acknowledged.size).to.be.above(5)
  } finally {
    await cluster.close()
  }
}
