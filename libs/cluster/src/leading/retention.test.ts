import { DEFAULT_TOPIC_CONFIG } from '@walrus/core'
import { expect } from 'chai'
import { ClusterHarness } from '../cluster-harness.test.js'
import type { ClusterNode } from '../cluster-node.js'
import { bytes, range, text } from '../node-harness.test.js'

describe('retention in a cluster', () => {
  let harness: ClusterHarness
  let nodes: ClusterNode[]

  async function start(config: Partial<typeof DEFAULT_TOPIC_CONFIG>): Promise<void> {
    harness = new ClusterHarness([1, 2, 3], {
      segmentLimits: { segmentEntriesMax: 10 },
      topicConfig: { ...DEFAULT_TOPIC_CONFIG, replicationFactor: 1, ...config },
      limits: { monitorIntervalMs: 500 },
    })
    nodes = await harness.start()
    await harness.until(nodes[0]!.register('logs'))
    const tickets = range(0, 55).map((at) => nodes[0]!.append('logs', bytes(`entry-${at}`)))
    await harness.until(Promise.all(tickets.map((ticket) => ticket.done())))
  }

  afterEach(() => harness.close())

  it('by bytes drops the oldest segments, wherever their copies are, and gives their space back', async () => {
    await start({ retentionBytes: 150 })
    await harness.advance(7000)
    const state = await harness.until(nodes[1]!.state('logs'))
    expect(Object.keys(state.sealed_segments)).to.deep.equal(['4', '5'])
    expect(state.first_offset).to.equal(30)
    const kept = [...harness.storages.values()].flatMap((storage) => [...storage.segments()].map((one) => one.segment))
    expect(kept.sort()).to.deep.equal([4, 5, 6])
    expect(text((await harness.until(nodes[2]!.get('logs')))?.data)).to.equal('entry-30')
  })

  it('by time drops what is sealed and old, and nothing that is young', async () => {
    await start({ retentionMs: 3000 })
    await harness.advance(1000)
    expect((await harness.until(nodes[1]!.state('logs'))).first_offset).to.equal(0)
    await harness.advance(3000)
    expect((await harness.until(nodes[1]!.state('logs'))).first_offset).to.equal(50)
  })
})
