import { DEFAULT_TOPIC_CONFIG } from '@walrus/core'
import { expect } from 'chai'
import { ClusterHarness } from './cluster-harness.test.js'
import { bytes, codeOf, range, text } from './node-harness.test.js'

describe('a full disk', () => {
  let harness: ClusterHarness

  async function start(replicationFactor: number): Promise<number> {
    harness = new ClusterHarness([1, 2, 3], {
      topicConfig: { ...DEFAULT_TOPIC_CONFIG, replicationFactor },
      limits: { diskFullMs: 5000 },
    })
    await harness.start()
    await harness.until(harness.node(1).register('logs'))
    await harness.until(harness.node(1).append('logs', bytes('before')).done())
    return harness.leaderOf('logs')
  }

  afterEach(async () => {
    harness.fullDisks.clear()
    await harness.close()
  })

  for (const replicationFactor of [1, 3]) {
    it(`moves the lead to other nodes until there is room again (${replicationFactor} copies)`, async () => {
      const full = await start(replicationFactor)
      harness.fullDisks.add(full)
      const first = harness.node(full).append('logs', bytes('first'))
      // With other copies it may be stored without this disk, and else it is refused.
      const outcome = await codeOf(harness.until(first.done()))
      if (replicationFactor === 1) expect(outcome).to.equal('DISK_FULL')
      await harness.advance(1500)
      for (const id of [1, 2, 3])
        await harness.until(
          harness
            .node(id)
            .append('logs', bytes(`via-${id}`))
            .done(),
        )
      const leaders = new Set<number>()
      for (const id of [1, 2, 3, 1]) {
        leaders.add(harness.leaderOf('logs'))
        await harness.until(harness.node(id).administration.rollTopic('logs'))
      }
      expect(leaders.has(full)).to.equal(false)
      harness.fullDisks.clear()
      await harness.advance(6000)
      for (const id of [1, 2, 3]) {
        await harness.until(harness.node(id).administration.rollTopic('logs'))
        leaders.add(harness.leaderOf('logs'))
      }
      expect(leaders.has(full)).to.equal(true)
      const stored = outcome === 'resolved' ? ['first'] : []
      const found: (string | undefined)[] = []
      for (const at of range(0, 4 + stored.length))
        found.push(text((await harness.until(harness.node(1 + (at % 3)).get('logs')))?.data))
      expect(found).to.deep.equal(['before', ...stored, 'via-1', 'via-2', 'via-3'])
    })
  }

  it('gets no copies of new segments either, once one did not fit', async () => {
    harness = new ClusterHarness([1, 2, 3, 4, 5], { limits: { diskFullMs: 5000 } })
    await harness.start()
    await harness.until(harness.node(1).register('logs'))
    const replicas = (): readonly number[] =>
      harness.metadata.stateOf(1).topics.get('logs')?.segments.at(-1)?.replicas ?? []
    const leader = harness.leaderOf('logs')
    const full = replicas().find((id) => id !== leader) ?? 0
    harness.fullDisks.add(full)
    await harness.until(harness.node(leader).append('logs', bytes('first')).done())
    await harness.advance(500)
    for (let round = 0; round < 5; round += 1) {
      await harness.until(harness.node(1).administration.rollTopic('logs'))
      expect(replicas()).to.have.length(3).and.to.not.include(full)
    }
    harness.fullDisks.clear()
    await harness.advance(6000)
    const placed = new Set<number>()
    for (let round = 0; round < 5; round += 1) {
      await harness.until(harness.node(1).administration.rollTopic('logs'))
      for (const id of replicas()) placed.add(id)
    }
    expect(placed.has(full)).to.equal(true)
  })
})
