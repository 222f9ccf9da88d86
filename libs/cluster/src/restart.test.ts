import { EMPTY_TOPIC_STATE, WalrusError, type MetadataCommand } from '@walrus/core'
import { randomBelow, seededRandom, type ProposalFate } from '@walrus/testing'
import { expect } from 'chai'
import type { ClusterNode } from './cluster-node.js'
import {
  appendRange,
  bytes,
  codeOf,
  entryNames,
  getAll,
  Latch,
  NodeHarness,
  range,
  text,
  turns,
} from './node-harness.test.js'

const tenEach = { segmentLimits: { segmentEntriesMax: 10 } }

describe('restart', () => {
  let harness: NodeHarness
  let node: ClusterNode

  beforeEach(() => (harness = new NodeHarness()))
  afterEach(async () => {
    const closed = node.close()
    await turns()
    harness.clock.advance(5000)
    await closed
  })

  async function startWith(entries: number): Promise<void> {
    node = await harness.start(tenEach)
    await node.register('logs')
    await Promise.all(appendRange(node, 'logs', 0, entries).map((ticket) => ticket.done()))
  }

  async function restart(): Promise<void> {
    harness.kill()
    node = await harness.start(tenEach)
  }

  const errors = (): string[] => harness.reports.filter((one) => one.level === 'error').map((one) => one.message)

  it('goes on in the middle of a segment, and rolls over at ten', async () => {
    await startWith(14)
    await restart()
    await Promise.all(appendRange(node, 'logs', 14, 23).map((ticket) => ticket.done()))
    expect(harness.sealedCounts('logs')).to.deep.equal([10, 10])
    expect(await getAll(node, 'logs')).to.deep.equal(entryNames(0, 23))
    expect(errors()).to.deep.equal([])
  })

  it('keeps a topic that has no entry yet', async () => {
    await startWith(0)
    await restart()
    await node.append('logs', bytes('first')).done()
    expect(await getAll(node, 'logs')).to.deep.equal(['first'])
  })

  it('finishes a rollover that storage has begun and metadata has not heard of', async () => {
    const never = new Latch<ProposalFate>()
    harness.metadataOptions = { fate: (command) => (isSeal(command) ? never.promise : 'decided') }
    await startWith(9)
    await node.append('logs', bytes('entry-9')).done()
    await turns()
    expect(harness.disk.get('t_logs_s_1')?.sealed).to.equal(true)
    expect(harness.sealedCounts('logs')).to.deep.equal([])
    harness.metadataOptions = {}
    await restart()
    await node.append('logs', bytes('entry-10')).done()
    expect(harness.sealedCounts('logs')).to.deep.equal([10])
    expect(await getAll(node, 'logs')).to.deep.equal(entryNames(0, 11))
  })

  it('creates the segment that metadata names and storage does not have yet, with the cursor', async () => {
    await startWith(8)
    for (const at of range(0, 4)) expect((await node.get('logs'))?.offset).to.equal(at)
    await Promise.all(appendRange(node, 'logs', 8, 10).map((ticket) => ticket.done()))
    await turns()
    expect([...harness.disk.keys()]).to.deep.equal(['t_logs_s_1'])
    expect(harness.sealedCounts('logs')).to.deep.equal([10])
    await restart()
    expect(harness.storage.segment({ topic: 'logs', segment: 2 })).to.include({ baseOffset: 10, entryCount: 0 })
    await node.append('logs', bytes('entry-10')).done()
    expect(await getAll(node, 'logs')).to.deep.equal(entryNames(4, 11))
  })

  it('records a seal that metadata has and storage has not', async () => {
    await startWith(12)
    harness.kill()
    harness.disk.get('t_logs_s_1')!.sealed = false
    node = await harness.start(tenEach)
    expect(harness.disk.get('t_logs_s_1')?.sealed).to.equal(true)
    expect(await getAll(node, 'logs')).to.deep.equal(entryNames(0, 12))
  })

  it('reports entries beyond a sealed count, and never delivers them', async () => {
    await startWith(12)
    harness.kill()
    const stored = harness.disk.get('t_logs_s_1')!
    stored.entries.push({ offset: 10, timestampMs: 0, data: bytes('from nowhere') })
    node = await harness.start(tenEach)
    expect(errors()).to.deep.equal(['segment is damaged'])
    expect(harness.reports.at(-1)?.fields).to.deep.equal({
      topic: 'logs',
      segment: 1,
      reason: 'its entry count is stored as 11 and was decided as 10',
    })
    expect(await codeOf(node.get('logs'))).to.equal('CORRUPT_DATA')
  })

  it('refuses a topic whose open segment is not the one that was decided; the others go on', async () => {
    await startWith(3)
    await node.register('other')
    await node.append('other', bytes('fine')).done()
    harness.kill()
    const stored = harness.disk.get('t_logs_s_1')!
    harness.disk.set('t_logs_s_1', { ...stored, baseOffset: 5 })
    node = await harness.start(tenEach)
    expect(errors()).to.deep.equal(['segment is damaged', 'topic cannot be used'])
    expect(() => node.append('logs', bytes('x')))
      .to.throw(WalrusError)
      .with.property('code', 'CORRUPT_DATA')
    expect(await codeOf(node.get('logs'))).to.equal('CORRUPT_DATA')
    expect((await node.state('logs')).current_segment).to.equal(1)
    expect(await getAll(node, 'other')).to.deep.equal(['fine'])
  })

  it('does not start the cursor over when the segment that held it is gone', async () => {
    await startWith(10)
    await turns()
    harness.kill()
    harness.disk.clear()
    node = await harness.start(tenEach)
    expect(() => node.append('logs', bytes('x'))).to.throw(
      'Cannot use segment "t_logs_s_1": it was sealed with 10 entries and is not stored',
    )
  })

  it('shows nothing of a topic that was deleted and created again while the node was away', async () => {
    await startWith(12)
    harness.kill()
    const { topics } = harness.metadata.state
    const { config, segments } = topics.get('logs')!
    const { epoch } = segments.at(-1)!
    harness.metadataDisk.commands.push(
      { kind: 'DeleteTopic', topic: 'logs', epoch },
      { kind: 'CreateTopic', topic: 'logs', config, leader: 1, replicas: [1] },
    )
    node = await harness.start(tenEach)
    await node.append('logs', bytes('new')).done()
    expect(await getAll(node, 'logs')).to.deep.equal(['new'])
    expect(errors()).to.deep.equal([])
  })

  it('removes what was deleted while it was away', async () => {
    const key = { topic: 'stray', segment: 4, baseOffset: 30, epoch: 9 }
    const content = { topicState: EMPTY_TOPIC_STATE, fencedEpoch: 1, batches: [], entries: [], sealed: true }
    harness.disk.set('t_stray_s_4', { ...key, ...content })
    node = await harness.start()
    expect([...harness.storage.segments()]).to.deep.equal([])
    expect(harness.reports).to.deep.equal([
      {
        level: 'info',
        message: 'segments were removed that were deleted meanwhile',
        fields: { segmentCount: 1, entryCount: 0 },
      },
    ])
  })

  it('follows a lower limit at once, even on a segment that has more', async () => {
    node = await harness.start()
    await node.register('logs')
    await Promise.all(appendRange(node, 'logs', 0, 25).map((ticket) => ticket.done()))
    await restart()
    await node.append('logs', bytes('entry-25')).done()
    expect(harness.sealedCounts('logs')).to.deep.equal([25])
    expect(await getAll(node, 'logs')).to.deep.equal(entryNames(0, 26))
  })

  it('refuses to start when metadata cannot be written', async () => {
    harness.metadataOptions = { fate: () => 'lost' }
    expect(await codeOf(harness.start())).to.equal('UNAVAILABLE')
    harness.metadataOptions = {}
    node = await harness.start()
  })

  for (const seed of range(1, 21)) {
    it(`loses and repeats no acknowledged entry over random kills (seed ${seed})`, async () => {
      const random = seededRandom(seed)
      const acknowledged: string[] = []
      const delivered: string[] = []
      node = await harness.start(tenEach)
      await node.register('logs')
      let next = 0
      for (let life = 0; life < 8; life += 1) {
        for (let step = 0; step < 6; step += 1) {
          const count = randomBelow(random, 9)
          for (const ticket of appendRange(node, 'logs', next, next + count)) {
            const name = `entry-${next++}`
            ticket.onSettled(() => ticket.state === 'committed' && acknowledged.push(name))
          }
          for (let at = randomBelow(random, 6); at > 0; at -= 1) {
            void node.get('logs').then(
              (entry) => entry && delivered.push(text(entry.data) ?? ''),
              () => undefined,
            )
          }
          await turns(randomBelow(random, 5))
        }
        await restart()
      }
      delivered.push(...(await getAll(node, 'logs')))
      const stored = await storedEntries(harness)
      expect(stored.filter((name) => acknowledged.includes(name))).to.deep.equal(acknowledged)
      expect(new Set(delivered).size).to.equal(delivered.length)
      expect(stored.filter((name) => delivered.includes(name))).to.deep.equal(delivered)
      expect(harness.sealedCounts('logs').every((count) => count === 10)).to.equal(true)
      expect(errors()).to.deep.equal([])
    })
  }
})

/** Every entry of the topic, in the order of offsets, which must have no hole. */
async function storedEntries(harness: NodeHarness): Promise<string[]> {
  const names: string[] = []
  for (const { id, baseOffset } of harness.metadata.state.topics.get('logs')?.segments ?? []) {
    expect(baseOffset).to.equal(names.length)
    const log = harness.storage.segment({ topic: 'logs', segment: id })
    for (const entry of (await log?.read(0, { maxEntries: 1000, maxBytes: 100_000 })) ?? []) {
      expect(entry.offset).to.equal(names.length)
      names.push(text(entry.data) ?? '')
    }
  }
  return names
}

function isSeal(command: MetadataCommand): boolean {
  return command.kind === 'SealAndRoll'
}
