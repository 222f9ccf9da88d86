import { EMPTY_TOPIC_STATE, type SegmentLog } from '@walrus/core'
import { MemoryBlockFiles } from '@walrus/adapters-memory'
import { expect } from 'chai'
import { SMALL, surroundings } from '../harness.test.js'
import { openLogStorage } from '../log/segment-store.js'
import { collect, entryOf, LogFixture } from './log-fixture.test.js'
import { rewriteSlot } from './tampering.test.js'

describe('the log of a segment that is replicated', () => {
  let log: LogFixture

  beforeEach(() => (log = new LogFixture()))

  async function write(use: (segment: SegmentLog) => Promise<unknown>): Promise<void> {
    const directory = await MemoryBlockFiles.open(log.disk)
    const storage = await openLogStorage({ ...surroundings(), ...SMALL, directory })
    const key = { topic: 'logs', segment: 1 }
    const start = { ...key, baseOffset: 100, epoch: 3, topicState: EMPTY_TOPIC_STATE }
    await use(storage.segment(key) ?? storage.create(start))
    await storage.close()
  }

  async function fill(segment: SegmentLog, count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      await segment.appendBatch([entryOf(`${at}`, 700)], { id: 4, sequence: at }).done()
      if (at % 3 === 0) await segment.commitCursor('shared', 100 + at).done()
    }
  }

  it('shows its control batches, its producers and the newest epoch that it has seen', async () => {
    await write(async (segment) => {
      await fill(segment, 7)
      await segment.fence(9)
    })
    const { segments } = await log.look((inspector) => inspector.topic('logs'))
    expect(segments).to.have.length(1)
    expect(segments[0]).to.include({ epoch: 3, fencedEpoch: 9, entryCount: 7, controlCount: 3, state: 'open' })
    const batches = await log.batches('logs')
    const entries = batches.filter(({ kind }) => kind === 'entries')
    expect(entries.map(({ producer }) => producer?.sequence)).to.deep.equal([0, 1, 2, 3, 4, 5, 6])
    expect(batches.filter(({ kind }) => kind === 'control')).to.have.length(3)
    expect(batches.some(({ kind }) => kind === 'state')).to.equal(true)
    expect(await log.findings()).to.deep.equal([])
  })

  it('is whole where a tail was given up, and does not show it', async () => {
    await write((segment) => fill(segment, 20))
    await write((segment) => segment.truncateTail(11))
    const { segments } = await log.look((inspector) => inspector.topic('logs'))
    expect((segments[0]?.entryCount ?? 0) + (segments[0]?.controlCount ?? 0)).to.equal(11)
    const offsets = (await log.look((inspector) => collect(inspector.entries('logs')))).map(({ offset }) => offset)
    expect(offsets).to.deep.equal(Array.from({ length: segments[0]?.entryCount ?? 0 }, (_, at) => 100 + at))
    expect(await log.findings()).to.deep.equal([])
    await write((segment) => fill(segment, 5))
    expect(await log.findings()).to.deep.equal([])
  })

  it('is damaged where a run says that control records stand before it that are not there', async () => {
    await write((segment) => fill(segment, 20))
    const run = (await log.runs('logs')).at(-1)!
    rewriteSlot(log, run, (slot) => ({
      ...slot,
      firstPosition: slot.firstPosition + 1,
      knownEndPosition: slot.knownEndPosition + 1,
    }))
    const [finding] = await log.findings()
    expect(finding).to.include({ severity: 'damage', kind: 'missing', what: 'control records are missing' })
  })

  it('is damaged where a slot counts other records than there are', async () => {
    await write(async (segment) => {
      await fill(segment, 20)
      await segment.seal()
    })
    const run = (await log.runs('logs')).at(-1)!
    rewriteSlot(log, run, (slot) => ({ ...slot, knownEndPosition: slot.knownEndPosition + 1 }))
    const [finding, ...others] = await log.findings()
    expect(others).to.deep.equal([])
    expect(finding?.what).to.match(/^records up to position 27 where the slot says 28$/)
  })
})
