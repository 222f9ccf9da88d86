import { EMPTY_TOPIC_STATE, WalrusError, type SegmentLog } from '@walrus/core'
import { ManualClock, MemoryLogStorage } from '@walrus/testing'
import { expect } from 'chai'
import { bytes, codeOf, Latch, text } from '../node-harness.test.js'
import { AppendIntake } from './append-intake.js'
import { LocalSegment } from './local-segment.js'
import { TopicGate } from './topic-gate.js'

const limits = { segmentEntriesMax: 5, segmentBytesMax: 1e6, segmentAgeMsMax: 0 }
const PRODUCER = 77

describe('what other nodes forward', () => {
  let storage: MemoryLogStorage
  let commit: (() => Promise<void>) | undefined
  let gate: TopicGate
  let intake: AppendIntake

  const open = (segment: number, baseOffset: number, topicState = EMPTY_TOPIC_STATE): SegmentLog => {
    const log = storage.create({ topic: 'logs', segment, baseOffset, epoch: segment, topicState })
    gate.open(new LocalSegment(log), limits)
    return log
  }

  const append = (sequence: number, ...names: string[]): ReturnType<AppendIntake['append']> =>
    intake.append({ producerId: PRODUCER, sequence, entries: names.map(bytes), whole: false })

  const contents = async (log: SegmentLog): Promise<(string | undefined)[]> =>
    (await log.read(0, { maxEntries: 100, maxBytes: 1e6 })).map((entry) => text(entry.data))

  beforeEach(() => {
    commit = undefined
    storage = new MemoryLogStorage(new Map(), { commit: () => commit?.() ?? Promise.resolve() })
    gate = new TopicGate({
      topic: 'logs',
      clock: new ManualClock(),
      limits: { requestTimeoutMs: 5000, heldEntriesMax: 10, heldBytesMax: 1000 },
      onFull: () => gate.close('full'),
      onBatch: () => undefined,
      onHeld: () => undefined,
    })
    intake = new AppendIntake(gate)
  })

  it('is stored as far as there is room, and the rest goes to the next segment', async () => {
    const first = open(1, 0)
    expect(await append(0, 'a', 'b', 'c')).to.deep.equal({ count: 3, firstOffset: 0 })
    expect(await append(3, 'd', 'e', 'f', 'g')).to.deep.equal({ count: 2, firstOffset: 3 })
    const rest = append(5, 'f', 'g')
    const second = open(2, 5, first.topicState)
    expect(await rest).to.deep.equal({ count: 2, firstOffset: 5 })
    expect([...(await contents(first)), ...(await contents(second))]).to.deep.equal([...'abcdefg'])
  })

  it('is answered with the first outcome when it comes again', async () => {
    const log = open(1, 0)
    await append(0, 'a', 'b')
    expect(await append(0, 'a', 'b')).to.deep.equal({ count: 2, firstOffset: 0 })
    expect(await append(1, 'b', 'c')).to.deep.equal({ count: 1, firstOffset: 1 })
    expect(await append(2, 'c')).to.deep.equal({ count: 1, firstOffset: 2 })
    expect(await contents(log)).to.deep.equal(['a', 'b', 'c'])
  })

  it('waits for its first attempt while that is under way, and is not stored beside it', async () => {
    const disk = new Latch()
    commit = () => disk.promise
    const log = open(1, 0)
    const [first, again] = [append(0, 'a', 'b'), append(0, 'a', 'b')]
    disk.open()
    expect(await first).to.deep.equal({ count: 2, firstOffset: 0 })
    expect(await again).to.deep.equal({ count: 2, firstOffset: 0 })
    expect(await contents(log)).to.deep.equal(['a', 'b'])
  })

  it('is stored when its first attempt has failed, and is known to', async () => {
    let failures = 1
    commit = async () => {
      failures -= 1
      if (failures >= 0) throw new WalrusError('IO_FAILED', 'Cannot write "x": it said no')
    }
    const log = open(1, 0)
    const [first, again] = [append(0, 'a'), append(0, 'a')]
    expect(await codeOf(first)).to.equal('IO_FAILED')
    expect(await again).to.deep.equal({ count: 1, firstOffset: 0 })
    expect(await contents(log)).to.deep.equal(['a'])
  })

  it('is not stored again while nobody knows what became of it', async () => {
    commit = async () => {
      throw new WalrusError('TIMED_OUT', 'timed out: on too few replicas')
    }
    const log = open(1, 0)
    expect(await codeOf(append(0, 'a'))).to.equal('TIMED_OUT')
    commit = undefined
    expect(await codeOf(append(0, 'a'))).to.equal('TIMED_OUT')
    expect(await append(1, 'b')).to.include({ count: 1 })
    expect(await contents(log)).to.deep.equal(['b'])
  })

  it('is known from the state of the topic, though not where it is', async () => {
    const log = open(3, 40, { cursors: new Map(), producers: new Map([[PRODUCER, 9]]) })
    expect(await append(8, 'i', 'j', 'k')).to.deep.equal({ count: 2, firstOffset: undefined })
    expect(await append(10, 'k')).to.deep.equal({ count: 1, firstOffset: 40 })
    expect(await contents(log)).to.deep.equal(['k'])
  })
})
