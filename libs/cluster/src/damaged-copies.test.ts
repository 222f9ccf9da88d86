import { DEFAULT_TOPIC_CONFIG, type NodeId } from '@walrus/core'
import { seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { ClusterHarness } from './cluster-harness.test.js'
import { bytes, range, text } from './node-harness.test.js'
import { EngineDisk } from './replication/engine-disk.test.js'

const ids = [1, 2, 3]
const nameOf = (at: number): string => `entry-${at};`

describe('a copy with damage in what is open', () => {
  let harness: ClusterHarness
  let disks: Map<NodeId, EngineDisk>

  async function startWith(entries: number, replicationFactor = 3): Promise<void> {
    disks = new Map(ids.map((id) => [id, new EngineDisk(seededRandom(id))]))
    harness = new ClusterHarness(ids, {
      openStorage: (id, clock) => disks.get(id)!.open(clock, () => Promise.resolve()),
      topicConfig: { ...DEFAULT_TOPIC_CONFIG, replicationFactor },
      limits: { repairIntervalMs: 500 },
    })
    await harness.start()
    await harness.until(harness.node(1).register('logs'))
    for (const at of range(0, entries)) await put(ids[at % 3]!, nameOf(at))
  }

  afterEach(() => harness.close())

  async function put(id: NodeId, entry: string): Promise<void> {
    await harness.until(harness.node(id).append('logs', bytes(entry)).done())
  }

  /** The node dies, its disk loses a bit of that entry, and it comes back. */
  async function damage(id: NodeId, entry: string): Promise<void> {
    harness.kill(id)
    disks.get(id)!.kill()
    disks.get(id)!.flip(entry)
    await harness.until(harness.open(id))
    await harness.advance(2500)
  }

  async function storedOn(id: NodeId, segment: number): Promise<string[]> {
    const log = harness.storages.get(id)!.segment({ topic: 'logs', segment })
    return ((await log?.read(0, { maxEntries: 1000, maxBytes: 1e6 })) ?? []).map(({ data }) => text(data) ?? '')
  }

  async function expectOnAll(segment: number, entries: readonly string[]): Promise<void> {
    for (const id of ids) expect(await storedOn(id, segment), `node ${id}`).to.deep.equal(entries)
  }

  it('of a replica: the segment is ended, the copy replaced, and writers see nothing', async () => {
    await startWith(9)
    const replica = ids.find((id) => id !== harness.leaderOf('logs'))!
    await damage(replica, nameOf(3))
    await put(replica, nameOf(9))
    await harness.advance(3000)
    await put(replica, 'after')
    await expectOnAll(1, range(0, 9).map(nameOf))
    await expectOnAll(2, [nameOf(9), 'after'])
    expect(harness.reports.map(({ message }) => message)).to.include('a damaged copy is replaced')
  })

  it('of the leader, found when it comes back: others go on, and its copy is replaced', async () => {
    await startWith(9)
    const leader = harness.leaderOf('logs')
    await damage(leader, nameOf(3))
    await put(leader, 'after')
    await harness.advance(3000)
    await expectOnAll(1, range(0, 9).map(nameOf))
  })

  it('of the leader, found when it is read: the entry comes from a replica, and the copy is replaced', async () => {
    await startWith(9)
    const leader = harness.leaderOf('logs')
    disks.get(leader)!.flip(nameOf(3))
    for (const at of range(0, 9)) {
      const entry = await harness.until(harness.node(ids[at % 3]!).get('logs'))
      expect(text(entry?.data)).to.equal(nameOf(at))
    }
    await harness.advance(3000)
    await put(leader, 'after')
    await expectOnAll(1, range(0, 9).map(nameOf))
  })

  it('is replaced also when it was sealed before anybody met the damage', async () => {
    await startWith(9)
    await harness.until(harness.node(1).administration.rollTopic('logs'))
    await harness.advance(1000)
    disks.get(2)!.flip(nameOf(3))
    const limits = { maxEntries: 100, maxBytes: 1e6 }
    const found = await harness.until(harness.node(2).fetch('logs', 3, limits))
    expect(text(found[0]?.data)).to.equal(nameOf(3))
    await harness.advance(1000)
    await expectOnAll(1, range(0, 9).map(nameOf))
  })

  it('that has no other goes on, when an operator orders it, behind what can be read', async () => {
    await startWith(9, 1)
    const leader = harness.leaderOf('logs')
    await damage(leader, nameOf(6))
    expect(() => harness.node(leader).append('logs', bytes('refused'))).to.throw('payload checksum')
    const sealed = await harness.until(harness.node(leader).administration.forceSeal('logs'))
    expect(sealed).to.include({ entryCount: 6 })
    expect(sealed.unheardReplicas).to.deep.equal([leader])
    await put(leader, 'after')
    for (const expected of [...range(0, 6).map(nameOf), 'after']) {
      expect(text((await harness.until(harness.node(1).get('logs')))?.data)).to.equal(expected)
    }
    harness.kill(leader)
    disks.get(leader)!.kill()
    await harness.until(harness.open(leader))
    await harness.advance(2500)
    await put(leader, 'again')
    const limits = { maxEntries: 100, maxBytes: 1e6 }
    expect((await harness.until(harness.node(1).fetch('logs', 0, limits))).length).to.equal(6)
  })
})
