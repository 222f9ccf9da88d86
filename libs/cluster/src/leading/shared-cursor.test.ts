import { EMPTY_TOPIC_STATE, takeMark, takenRange, WalrusError, type StoredEntry } from '@walrus/core'
import { ManualClock, MemoryLogStorage, type MemoryLogDisk } from '@walrus/testing'
import { expect } from 'chai'
import { DEFAULT_NODE_LIMITS } from '../node-context.js'
import { bytes, codeOf, Latch, range, turns } from '../node-harness.test.js'
import { LocalSegment } from './local-segment.js'
import { SharedCursor } from './shared-cursor.js'
import { TakeDoubts } from './take-doubts.js'
import { TopicGate } from './topic-gate.js'

const limits = { segmentEntriesMax: 1000, segmentBytesMax: 1e6, segmentAgeMsMax: 0 }

describe('the shared cursor of a leader', () => {
  const entries: StoredEntry[] = range(0, 20).map((offset) => ({ offset, timestampMs: 0, data: bytes(`${offset}`) }))
  let storage: MemoryLogStorage
  let gate: TopicGate
  let cursor: SharedCursor
  let reading: Latch | undefined
  const key = { topic: 'logs', segment: 1 }

  const open = (segment: number, offset: number): void => {
    const cursors = new Map([['shared', offset]])
    const topicState = { ...EMPTY_TOPIC_STATE, cursors }
    const log = storage.create({ topic: 'logs', segment, baseOffset: 0, epoch: segment, topicState })
    gate.open(new LocalSegment(log), limits)
  }

  const cursorIn = (segment: number): number | undefined =>
    storage.segment({ topic: 'logs', segment })?.topicState.cursors.get('shared')

  const taken = async (count: number): Promise<number[]> => (await cursor.take(count)).map((entry) => entry.offset)

  beforeEach(() => {
    const clock = new ManualClock()
    reading = undefined
    storage = new MemoryLogStorage()
    const nothing = (): void => undefined
    gate = new TopicGate({
      ...{ topic: 'logs', clock, limits: { requestTimeoutMs: 5000, heldEntriesMax: 10, heldBytesMax: 1000 } },
      ...{ onFull: nothing, onBatch: nothing, onHeld: nothing },
    })
    cursor = new SharedCursor({
      context: { clock, limits: DEFAULT_NODE_LIMITS, trace: undefined, lease: { check: () => true } },
      topic: 'logs',
      cursor: 'shared',
      gate,
      doubts: new TakeDoubts(),
      read: async (offset) => {
        await reading?.promise
        return entries.slice(offset, offset + 8)
      },
    })
  })

  it('gives each caller as many as are at hand, in the order of the calls, with one commit', async () => {
    open(1, 0)
    expect(await Promise.all([taken(3), taken(2), taken(9), taken(1)])).to.deep.equal([
      [0, 1, 2],
      [3, 4],
      [5, 6, 7],
      [8],
    ])
    expect(cursorIn(1)).to.equal(9)
  })

  it('begins where the cursor is when the lead comes back', async () => {
    open(1, 0)
    expect(await taken(2)).to.deep.equal([0, 1])
    gate.close('another node leads')
    cursor.reset()
    open(3, 12)
    expect(await taken(2)).to.deep.equal([12, 13])
  })

  it('commits nothing that it has read before the lead was lost', async () => {
    open(1, 0)
    reading = new Latch()
    const stale = taken(2)
    await turns()
    gate.close('another node leads')
    cursor.reset()
    open(3, 12)
    reading.open()
    expect(await codeOf(stale)).to.equal('NOT_LEADER')
    expect(cursorIn(3)).to.equal(12)
    expect(await taken(2)).to.deep.equal([12, 13])
  })

  it('does not move the new segment’s cursor to where the old one was to be', async () => {
    open(1, 0)
    expect(await taken(2)).to.deep.equal([0, 1])
    gate.close('another node leads')
    const stale = codeOf(taken(2))
    await turns()
    cursor.reset()
    open(3, 12)
    expect(await stale).to.equal('NOT_LEADER')
    await turns()
    expect(cursorIn(3)).to.equal(12)
  })

  describe('asked by other nodes', () => {
    const take = { node: 2, slot: 0, number: 7 }
    const rememberedIn = (segment: number, asked = take) =>
      takenRange(storage.segment({ topic: 'logs', segment })!.topicState.cursors, asked)

    it('leaves in the topic’s state what each question was answered with', async () => {
      open(1, 0)
      await Promise.all([cursor.take(3, 1e6, take), cursor.take(2, 1e6, { ...take, node: 3 }), cursor.take(1)])
      expect(rememberedIn(1)).to.deep.equal({ from: 0, to: 3 })
      expect(rememberedIn(1, { ...take, node: 3 })).to.deep.equal({ from: 3, to: 5 })
      expect(cursorIn(1)).to.equal(6)
    })

    it('takes back, with the next commit, an answer whose commit has failed and may count for all that', async () => {
      let failing = true
      const disk: MemoryLogDisk = new Map()
      const commit = async (): Promise<void> => {
        if (failing) throw new WalrusError('IO_FAILED', 'it may be written')
      }
      storage = new MemoryLogStorage(disk, { commit })
      open(1, 0)
      expect(await codeOf(cursor.take(3, 1e6, take))).to.equal('IO_FAILED')
      failing = false
      // As if the commit that has failed were in the log.
      for (const [name, value] of takeMark(take, { from: 0, to: 3 })) storage.segment(key)!.commitCursor(name, value)
      await turns()
      expect(rememberedIn(1)).to.deep.equal({ from: 0, to: 3 })
      expect(await taken(3)).to.deep.equal([0, 1, 2])
      expect(rememberedIn(1)).to.equal(undefined)
    })

    it('gives up the question when another node leads, before anything is taken', async () => {
      open(1, 0)
      reading = new Latch()
      const calls = [codeOf(cursor.take(3, 1e6, take)), codeOf(cursor.move(() => 5))]
      await turns()
      gate.close('another node leads')
      cursor.reset()
      expect(await Promise.all(calls)).to.deep.equal(['NOT_LEADER', 'NOT_LEADER'])
      open(3, 12)
      reading.open()
      await turns()
      expect(cursorIn(3)).to.equal(12)
    })
  })
})
