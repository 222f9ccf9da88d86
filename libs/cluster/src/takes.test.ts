import { DEFAULT_TOPIC_CONFIG, type NodeId } from '@walrus/core'
import { CLUSTER_REQUESTS } from '@walrus/protocol'
import { seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { ClusterHarness } from './cluster-harness.test.js'
import { bytes, range, text, turns } from './node-harness.test.js'

const ids = [1, 2, 3]
const ENTRIES = 60

describe('a GET through a node that does not lead', () => {
  let harness: ClusterHarness
  let taken: string[]

  beforeEach(async () => {
    taken = []
    harness = new ClusterHarness(ids, { segmentLimits: { segmentEntriesMax: 10 }, topicConfig: DEFAULT_TOPIC_CONFIG })
    const nodes = await harness.start()
    await harness.until(nodes[0]!.register('logs'))
    for (const at of range(0, ENTRIES))
      await harness.until(
        harness
          .node(ids[at % 3]!)
          .append('logs', bytes(`${at}`))
          .done(),
      )
  })

  afterEach(() => harness.close())

  const others = (id: NodeId): NodeId[] => ids.filter((one) => one !== id)

  /** Rejects when one of them does. */
  async function take(calls: readonly Promise<{ readonly data: Uint8Array } | undefined>[]): Promise<void> {
    for (const entry of await harness.until(Promise.all(calls))) if (entry) taken.push(text(entry.data) ?? '')
  }

  async function takeRest(id: NodeId): Promise<void> {
    for (;;) {
      const before = taken.length
      await take([harness.node(id).get('logs')])
      if (taken.length === before) return
    }
  }

  function expectEachOnce(): void {
    expect([...taken].sort((left, right) => Number(left) - Number(right))).to.deep.equal(range(0, ENTRIES).map(String))
  }

  it('has its entry although the leader dies over it, and no entry is lost or given twice', async () => {
    for (const round of range(0, 7)) {
      const victim = harness.leaderOf('logs')
      const calls = others(victim).flatMap((id) => range(0, 3).map(() => harness.node(id).get('logs')))
      await turns(round * 2)
      harness.kill(victim)
      await take(calls)
      await harness.until(harness.open(victim))
      await harness.advance(1000)
    }
    await takeRest(2)
    expectEachOnce()
  })

  it('has its entry although the answer is lost on its way, again and again', async () => {
    const random = seededRandom(7)
    const lost = new Map<NodeId, number>()
    harness.peers.fate = ({ kind, from }) => {
      const chance = random()
      const lostBefore = lost.get(from) ?? 0
      if (kind !== CLUSTER_REQUESTS.take) return 'carried'
      lost.set(from, chance > 0.6 || lostBefore === 2 ? 0 : lostBefore + 1)
      if (lost.get(from) === 0) return 'carried'
      return chance < 0.4 ? 'answer-lost' : 'lost'
    }
    for (let round = 0; round < 12; round += 1) {
      const leader = harness.leaderOf('logs')
      await take(others(leader).map((id) => harness.node(id).get('logs')))
    }
    harness.peers.fate = () => 'carried'
    await takeRest(1)
    expectEachOnce()
  })

  it('has its entry although the leader hands its segment on, or is stopped for a while', async () => {
    const first = harness.leaderOf('logs')
    const calls = others(first).map((id) => harness.node(id).get('logs'))
    const drained = harness.node(first).drain()
    await take(calls)
    await harness.until(drained)
    const second = harness.leaderOf('logs')
    harness.stop(second)
    await take(others(second).map((id) => harness.node(id).get('logs')))
    harness.resume(second)
    await harness.advance(1000)
    await takeRest(second)
    expectEachOnce()
  })

  it('has what a binary next wants, at a cursor of its own, from whoever leads by then', async () => {
    const names: string[] = []
    for (const round of range(0, 4)) {
      const victim = harness.leaderOf('logs')
      const [asker = 0] = others(victim)
      const request = {
        command: 'next',
        topic: 'logs',
        cursor: 'audit',
        maxEntries: 7,
        maxBytes: 1e6,
        maxWaitMs: 0,
      } as const
      const reply = harness.node(asker).binary.next(request)
      await turns(round * 3)
      harness.kill(victim)
      names.push(...(await harness.until(reply)).entries.map(({ data }) => text(data) ?? ''))
      await harness.until(harness.open(victim))
      await harness.advance(1000)
    }
    expect(names.length).to.be.at.least(4)
    expect(names).to.deep.equal(range(0, names.length).map(String))
  })
})
