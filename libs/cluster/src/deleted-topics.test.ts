import { DEFAULT_TOPIC_CONFIG, type NodeId } from '@walrus/core'
import { expect } from 'chai'
import { ClusterHarness } from './cluster-harness.test.js'
import { bytes, text } from './node-harness.test.js'

describe('topics that are deleted', () => {
  let harness: ClusterHarness

  beforeEach(async () => {
    harness = new ClusterHarness([1, 2, 3], { topicConfig: { ...DEFAULT_TOPIC_CONFIG, segmentEntriesMax: 2 } })
    await harness.start()
    await fill('old')
  })

  afterEach(() => harness.close())

  /** One sealed segment and one entry in the open one. */
  async function fill(name: string): Promise<void> {
    const node = harness.node(1)
    await harness.until(node.register('logs'))
    for (const at of [0, 1, 2]) await harness.until(node.append('logs', bytes(`${name}-${at}`)).done())
  }

  const stored = (id: NodeId): string[] =>
    [...(harness.storages.get(id)?.segments() ?? [])].map(({ topic, segment }) => `${topic}/${segment}`)

  async function readFrom(id: NodeId): Promise<(string | undefined)[]> {
    const entries = []
    for (let offset = 0; offset < 3; offset += 1) {
      const limits = { maxEntries: 1, maxBytes: 1000 }
      entries.push(...(await harness.until(harness.node(id).fetch('logs', offset, limits))))
    }
    return entries.map(({ data }) => text(data))
  }

  it('leave nothing on a node that was away', async () => {
    await harness.advance(1000)
    expect(stored(3)).to.deep.equal(['logs/1', 'logs/2'])
    harness.kill(3)
    await harness.advance(3000)
    await harness.until(harness.node(1).administration.deleteTopic('logs'))
    await harness.until(harness.open(3))
    expect([1, 2, 3].map(stored)).to.deep.equal([[], [], []])
  })

  it('leave nothing on a node that was cut off', async () => {
    await harness.advance(1000)
    harness.isolate(3)
    await harness.advance(3000)
    await harness.until(harness.node(1).administration.deleteTopic('logs'))
    harness.heal()
    await harness.advance(1000)
    expect([1, 2, 3].map(stored)).to.deep.equal([[], [], []])
  })

  it('are not mistaken for a new one of the same name by a node that was away', async () => {
    await harness.advance(1000)
    harness.kill(3)
    await harness.advance(3000)
    await harness.until(harness.node(1).administration.deleteTopic('logs'))
    await fill('new')
    await harness.until(harness.open(3))
    expect(await readFrom(3)).to.deep.equal(['new-0', 'new-1', 'new-2'])
    await harness.advance(12_000)
    for (const id of [1, 2, 3]) {
      const log = harness.storages.get(id)?.segment({ topic: 'logs', segment: 1 })
      const entries = (await log?.read(0, { maxEntries: 9, maxBytes: 1000 })) ?? []
      expect(
        entries.map(({ data }) => text(data)),
        `node ${id}`,
      ).to.deep.equal(['new-0', 'new-1'])
    }
  })

  it('may be created again at once', async () => {
    for (const name of ['second', 'third']) {
      await harness.until(harness.node(2).administration.deleteTopic('logs'))
      await fill(name)
      expect(await readFrom(3)).to.deep.equal([`${name}-0`, `${name}-1`, `${name}-2`])
    }
    expect(harness.reports.filter(({ level }) => level === 'error')).to.deep.equal([])
  })
})
