import { WalrusError, type MetadataCommand } from '@walrus/core'
import type { ProposalFate } from '@walrus/testing'
import { expect } from 'chai'
import type { ClusterNode } from '../cluster-node.js'
import {
  appendRange,
  bytes,
  codeOf,
  entryNames,
  getAll,
  Latch,
  NodeHarness,
  range,
  turns,
} from '../node-harness.test.js'

const tenEach = { segmentLimits: { segmentEntriesMax: 10 } }
const tens = (count: number): number[] => range(0, count).map(() => 10)

describe('rollover', () => {
  let harness: NodeHarness
  let node: ClusterNode

  beforeEach(() => (harness = new NodeHarness()))
  afterEach(async () => {
    const closed = node.close()
    await turns()
    harness.clock.advance(5000)
    await closed
  })

  async function startWithTopic(): Promise<void> {
    node = await harness.start(tenEach)
    await node.register('logs')
  }

  it('seals at exactly ten entries, whatever arrives at once, and loses and repeats nothing', async () => {
    await startWithTopic()
    const tickets = appendRange(node, 'logs', 0, 95)
    await Promise.all(tickets.map((ticket) => ticket.done()))
    expect(tickets.at(-1)?.lastOffset).to.equal(94)
    expect(harness.sealedCounts('logs')).to.deep.equal(tens(9))
    expect(await getAll(node, 'logs')).to.deep.equal(entryNames(0, 95))
  })

  it('keeps the order of appends that come while the gate is closed and after', async () => {
    await startWithTopic()
    for (const from of range(0, 50)) {
      appendRange(node, 'logs', from * 3, from * 3 + 3)
      await turns(from % 4)
    }
    await node.append('logs', bytes('last')).done()
    expect(await getAll(node, 'logs')).to.deep.equal([...entryNames(0, 150), 'last'])
    expect(harness.sealedCounts('logs')).to.deep.equal(tens(15))
  })

  it('shows the sealed segment to whoever was acknowledged its last entry', async () => {
    await startWithTopic()
    await appendRange(node, 'logs', 0, 10).at(-1)?.done()
    const state = await node.state('logs')
    expect(state).to.include({ current_segment: 2, leader_node: 1, last_sealed_entry_offset: 10 })
    expect(state.sealed_segments).to.deep.equal({ 1: 10 })
    expect(state.segment_leaders).to.deep.equal({ 1: 1, 2: 1 })
  })

  it('is repeated until its outcome is known, and rolls once', async () => {
    const fates: ProposalFate[] = ['lost', 'applied-unknown', 'lost']
    harness.metadataOptions = { fate: (command) => (isSeal(command) ? (fates.shift() ?? 'decided') : 'decided') }
    await startWithTopic()
    const tickets = appendRange(node, 'logs', 0, 12)
    await turns()
    expect(tickets[11]?.state).to.equal('pending')
    for (const pauseMs of [50, 100, 200]) {
      harness.clock.advance(pauseMs)
      await turns()
    }
    await tickets[11]?.done()
    expect(fates).to.deep.equal([])
    expect(harness.sealedCounts('logs')).to.deep.equal([10])
    expect(harness.reports.filter((one) => one.level === 'warn').map((one) => one.fields['attempt'])).to.deep.equal([
      1, 2, 3,
    ])
    expect(await getAll(node, 'logs')).to.deep.equal(entryNames(0, 12))
  })

  it('times out what waits for it longer than the deadline, and goes on with the rest', async () => {
    const decision = new Latch<ProposalFate>()
    harness.metadataOptions = { fate: (command) => (isSeal(command) ? decision.promise : 'decided') }
    await startWithTopic()
    const tickets = appendRange(node, 'logs', 0, 13)
    await tickets[9]?.done()
    await turns()
    harness.clock.advance(4999)
    const late = node.append('logs', bytes('late'))
    harness.clock.advance(1)
    expect(tickets.slice(10).map((ticket) => ticket.state)).to.deep.equal(['failed', 'failed', 'failed'])
    expect(tickets[10]?.error?.message).to.match(/^timed out: /)
    decision.open('decided')
    await late.done()
    expect(late.lastOffset).to.equal(10)
    expect(await getAll(node, 'logs')).to.deep.equal([...entryNames(0, 10), 'late'])
  })

  it('goes on in the same segment when a failed commit has taken the entries back that filled it', async () => {
    let failing = false
    harness.storageOptions = {
      commit: async () => {
        await turns(1)
        if (failing) throw new WalrusError('DISK_FULL', 'Cannot write "x": no space left')
      },
    }
    await startWithTopic()
    await appendRange(node, 'logs', 0, 8).at(-1)?.done()
    failing = true
    const failed = appendRange(node, 'logs', 8, 12)
    expect(await codeOf(failed[1]!.done())).to.equal('DISK_FULL')
    failing = false
    await failed[3]?.done()
    expect(failed.map((ticket) => ticket.state)).to.deep.equal(['failed', 'failed', 'committed', 'committed'])
    expect(harness.sealedCounts('logs')).to.deep.equal([])
    expect(await getAll(node, 'logs')).to.deep.equal([...entryNames(0, 8), 'entry-10', 'entry-11'])
  })

  it('tries again to record the end while the disk refuses it', async () => {
    let refused = 0
    harness.storageOptions = {
      commit: async () => {
        await turns(1)
        if (harness.storage.segment({ topic: 'logs', segment: 1 })?.sealed !== true || refused >= 2) return
        refused += 1
        throw new WalrusError('IO_FAILED', 'Cannot write "x": it said no')
      },
    }
    await startWithTopic()
    const tickets = appendRange(node, 'logs', 0, 11)
    for (const pauseMs of [50, 100]) {
      await turns()
      harness.clock.advance(pauseMs)
    }
    await tickets[10]?.done()
    expect(refused).to.equal(2)
    expect(harness.sealedCounts('logs')).to.deep.equal([10])
  })

  it('carries the cursor into the next segment', async () => {
    await startWithTopic()
    await appendRange(node, 'logs', 0, 7).at(-1)?.done()
    for (const at of range(0, 5)) expect((await node.get('logs'))?.offset).to.equal(at)
    await appendRange(node, 'logs', 7, 25).at(-1)?.done()
    expect(harness.storage.segment({ topic: 'logs', segment: 3 })?.topicState.cursors.get('shared')).to.equal(5)
    harness.kill()
    node = await harness.start(tenEach)
    expect(await getAll(node, 'logs')).to.deep.equal(entryNames(5, 25))
  })

  it('of one topic does not hold up another', async () => {
    const decision = new Latch<ProposalFate>()
    harness.metadataOptions = { fate: (command) => (isSeal(command) ? decision.promise : 'decided') }
    await startWithTopic()
    await node.register('other')
    const held = appendRange(node, 'logs', 0, 11)
    await turns()
    await node.append('other', bytes('passes')).done()
    expect(held[10]?.state).to.equal('pending')
    expect(await getAll(node, 'other')).to.deep.equal(['passes'])
    decision.open('decided')
    await held[10]?.done()
  })

  it('stops the topic at once when its segment is fenced, and what comes then waits for what follows', async () => {
    await startWithTopic()
    const before = node.append('logs', bytes('before'))
    await harness.metadata.propose(fence(harness))
    const held = node.append('logs', bytes('x'))
    await before.done()
    expect((await node.state('logs')).current_segment_state).to.equal('recovering')
    harness.clock.advance(5000)
    expect(held.error?.message).to.equal(
      'timed out: append to "logs" waited 5000 ms for an open segment: segment 1 is being recovered',
    )
  })

  it('goes on after the segment that others have sealed', async () => {
    let seals = 0
    harness.metadataOptions = { fate: (command) => (isSeal(command) && (seals += 1) === 1 ? 'lost' : 'decided') }
    await startWithTopic()
    const tickets = appendRange(node, 'logs', 0, 11)
    await turns()
    await harness.metadata.propose(fence(harness))
    harness.clock.advance(50)
    await turns()
    expect(tickets[10]?.state).to.equal('pending')
    const counts = { entryCount: 10, controlCount: 0 }
    const next = { nextLeader: 1, nextReplicas: [1] }
    const { epoch } = fence(harness)
    await harness.metadata.propose({ kind: 'SealAndRoll', topic: 'logs', segment: 1, epoch, ...counts, ...next })
    await tickets[10]?.done()
    expect(await getAll(node, 'logs')).to.deep.equal(entryNames(0, 11))
  })

  describe('by the monitor', () => {
    const limits = { monitorIntervalMs: 200 }

    it('ends a segment that has reached its age, and leaves an empty one alone', async () => {
      node = await harness.start({ segmentLimits: { segmentAgeMsMax: 1000 }, limits })
      harness.storageOptions = { wallMs: () => harness.clock.wallMs() }
      await node.register('logs')
      await node.register('empty')
      await node.append('logs', bytes('a')).done()
      const segment = harness.storage.segment({ topic: 'logs', segment: 1 })
      Object.defineProperty(segment, 'createdMs', { value: harness.clock.wallMs() })
      harness.clock.advance(999)
      await turns()
      expect(harness.sealedCounts('logs')).to.deep.equal([])
      harness.clock.advance(1)
      await turns()
      expect(harness.sealedCounts('logs')).to.deep.equal([1])
      expect(harness.sealedCounts('empty')).to.deep.equal([])
    })

    it('ends a segment that has reached its bytes', async () => {
      node = await harness.start({ segmentLimits: { segmentBytesMax: 4 }, limits })
      await node.register('logs')
      await node.append('logs', bytes('four')).done()
      harness.clock.advance(200)
      await turns()
      expect(harness.sealedCounts('logs')).to.deep.equal([1])
    })
  })
})

function isSeal(command: MetadataCommand): boolean {
  return command.kind === 'SealAndRoll'
}

function fence(harness: NodeHarness): MetadataCommand & { readonly kind: 'FenceSegment' } {
  const epoch = harness.metadata.state.topics.get('logs')?.segments.at(-1)?.epoch ?? 0
  return { kind: 'FenceSegment', topic: 'logs', segment: 1, epoch }
}
