import { BATCH_HEADER_BYTES, crc32 } from '@walrus/protocol'
import { expect } from 'chai'
import type { FoundRun } from '../blocks/block-store.js'
import type { BlockSlot } from '../format/block-slot.js'
import { FRAME_BYTES } from '../format/frame.js'
import { recoverSegment, type RecoveredSegment, type RecoveryOptions } from './recover-segment.js'
import { BlockFileFixture, FILE_NAME, type RunFixture } from './run-fixture.test.js'

const cursor = (offset: number) => ({ kind: 'cursor', name: 'shared', offset }) as const
const PAYLOAD_AT = FRAME_BYTES + BATCH_HEADER_BYTES

function foundRun(run: RunFixture, of: Partial<BlockSlot> = {}): FoundRun {
  return { file: run.file.store, block: run.place.firstBlock, slot: run.slot(of) }
}

function recover(found: readonly FoundRun[], options: Partial<RecoveryOptions> = {}): Promise<RecoveredSegment> {
  const defaults = { checksum: crc32, withTopicState: true, slotsDamaged: false, endIndex: undefined }
  return recoverSegment(found, { ...defaults, isBeginningFreed: () => false, ...options })
}

/** What was recovered, in numbers: entries, runs, runs to free, and from where on something is missing. */
function summary({ start, unusedRuns }: RecoveredSegment): unknown {
  const runs = start?.runs.map(({ number }) => number)
  const unused = unusedRuns.map(({ slot }) => slot.run)
  return { entryCount: start?.entryCount, runs, unused, damagedFrom: start?.damage?.fromIndex }
}

describe('recovering a segment', () => {
  let file: BlockFileFixture

  beforeEach(async () => {
    file = await BlockFileFixture.create()
  })

  /** A run of so many entries, one a batch. */
  async function filled(number: number, firstIndex: number, entryCount: number): Promise<RunFixture> {
    const run = file.run({ number, firstIndex })
    for (let nth = 0; nth < entryCount; nth++) await run.add([`entry ${firstIndex + nth}`])
    return run
  }

  it('takes closed runs at their word, and searches the open one', async () => {
    const [closed, open] = [await filled(0, 0, 3), await filled(1, 3, 2)]
    const recovered = await recover([foundRun(open), foundRun(closed, { state: 'closed' })], { withTopicState: false })
    expect(summary(recovered)).to.deep.equal({ entryCount: 5, runs: [0, 1], unused: [], damagedFrom: undefined })
    expect(recovered.scanned).to.equal(true)
    expect(recovered.start).to.deep.include({
      topic: 'logs',
      segment: 3,
      baseOffset: 1000,
      nextRunNumber: 2,
      sealed: false,
    })
  })

  it('reads nothing of a sealed segment that nobody asks for its state', async () => {
    const run = await filled(0, 0, 3)
    const { start, scanned } = await recover([foundRun(run, { state: 'sealed' })], { withTopicState: false })
    expect([start?.sealed, start?.entryCount, scanned]).to.deep.equal([true, 3, false])
    expect(file.readLengths).to.deep.equal([])
  })

  it('goes on in an open run only where a clean stop has left its end', async () => {
    const run = await filled(0, 0, 2)
    const known = { knownBytes: run.end, knownEndIndex: 2 }
    const clean = await recover([foundRun(run, { ...known, clean: true })])
    expect(clean.start?.runs[0]).to.include({ closed: false, committedBytes: run.end, plannedBytes: run.end })
    for (const of of [{}, known, { clean: true }])
      expect((await recover([foundRun(run, of)])).start?.runs[0]?.closed, 'after a crash').to.equal(true)
  })

  it('is sealed where the next segment starts, though its mark is lost with a failed sync', async () => {
    const run = await filled(0, 0, 3)
    const { start } = await recover([foundRun(run)], { endIndex: 3 })
    expect([start?.sealed, start?.entryCount]).to.deep.equal([true, 3])
  })

  it('frees runs that were begun and never committed to, and never uses their number again', async () => {
    const [used, begun] = [await filled(0, 0, 2), file.run({ number: 5, firstIndex: 2 })]
    const recovered = await recover([foundRun(used, { state: 'closed' }), foundRun(begun)])
    expect(summary(recovered)).to.deep.equal({ entryCount: 2, runs: [0], unused: [5], damagedFrom: undefined })
    expect(recovered.start?.nextRunNumber).to.equal(6)
  })

  it('finds nothing where nothing was committed', async () => {
    const recovered = await recover([foundRun(file.run())])
    expect(summary(recovered)).to.include({ entryCount: undefined })
    expect(recovered.unusedRuns).to.have.length(1)
  })

  describe('whose commits failed', () => {
    it('leaves out what a later run has replaced, however far it reaches', async () => {
      const [stale, middle, last] = [await filled(0, 0, 5), await filled(1, 2, 4), await filled(2, 3, 1)]
      const recovered = await recover([stale, middle, last].map((run) => foundRun(run)))
      expect(summary(recovered)).to.deep.equal({ entryCount: 4, runs: [0, 1, 2], unused: [], damagedFrom: undefined })
      expect(recovered.start?.runs.map(({ endIndex }) => endIndex)).to.deep.equal([2, 3, 4])
    })

    it('leaves out a run that begins where nothing ever came to stand, and keeps what is behind it', async () => {
      const [first, stale, last] = [
        await filled(0, 0, 2),
        file.run({ number: 1, firstIndex: 4 }),
        await filled(2, 2, 3),
      ]
      await stale.addControl([{ kind: 'snapshot' }])
      const found = [foundRun(first), foundRun(stale, { followsDurable: false }), foundRun(last)]
      expect(summary(await recover(found))).to.deep.equal({
        ...{ entryCount: 5, runs: [0, 2], unused: [1], damagedFrom: undefined },
      })
    })

    it('leaves out a batch of which a later run has replaced a part, and what follows on it', async () => {
      const [stale, last] = [await filled(0, 0, 2), await filled(1, 3, 1)]
      await stale.add(['rejected', 'and rejected'])
      const found = [foundRun(stale), foundRun(last, { followsDurable: false })]
      expect(summary(await recover(found))).to.deep.equal({
        ...{ entryCount: 2, runs: [0], unused: [1], damagedFrom: undefined },
      })
    })

    it('leaves out what stands behind the sealed end', async () => {
      const [stale, last] = [await filled(0, 0, 5), file.run({ number: 1, firstIndex: 3 })]
      await last.addControl([{ kind: 'snapshot' }])
      const found = [foundRun(stale), foundRun(last, { state: 'sealed', knownEndIndex: 3 })]
      expect(summary(await recover(found))).to.deep.include({ entryCount: 3, damagedFrom: undefined })
    })

    it('leaves out what stands behind the start of the next segment', async () => {
      const stale = await filled(0, 0, 5)
      expect(summary(await recover([foundRun(stale)], { endIndex: 3 }))).to.deep.include({
        ...{ entryCount: 3, damagedFrom: undefined },
      })
    })
  })

  describe('with a part missing', () => {
    it('cuts the tail where a run is torn that nothing vouches for', async () => {
      const [first, second, third] = [await filled(0, 0, 2), await filled(1, 3, 1), await filled(2, 4, 1)]
      const found = [foundRun(first), ...[second, third].map((run) => foundRun(run, { followsDurable: false }))]
      expect(summary(await recover(found))).to.deep.equal({
        ...{ entryCount: 2, runs: [0], unused: [1, 2], damagedFrom: undefined },
      })
    })

    it('is damaged, and nothing is cut, while a slot cannot be read', async () => {
      const [first, second] = [await filled(0, 0, 2), await filled(1, 3, 1)]
      const found = [foundRun(first), foundRun(second, { followsDurable: false })]
      expect(summary(await recover(found, { slotsDamaged: true }))).to.deep.include({ unused: [], damagedFrom: 2 })
    })

    it('is damaged where a later slot says that all before was durable', async () => {
      const [first, second] = [await filled(0, 0, 2), await filled(1, 3, 1)]
      const recovered = await recover([first, second].map((run) => foundRun(run)))
      expect(summary(recovered)).to.deep.equal({ entryCount: 2, runs: [0], unused: [], damagedFrom: 2 })
      expect(recovered.start?.damage?.error.code).to.equal('CORRUPT_DATA')
      expect(recovered.start?.damage?.error.message).to.equal(
        `Cannot read offset 1002 of topic "logs" segment 3 (file ${FILE_NAME}): entries up to 3 are missing`,
      )
    })

    it('is damaged where a frame of a later run knew something durable', async () => {
      const [first, second] = [await filled(0, 0, 2), file.run({ number: 1, firstIndex: 3 })]
      await second.add(['a'])
      await second.add(['b'], { durableBytes: second.end })
      const found = [foundRun(first), foundRun(second, { followsDurable: false })]
      expect(summary(await recover(found))).to.deep.include({ runs: [0], damagedFrom: 2 })
    })

    it('is damaged where the open run is, below what was durable', async () => {
      const run = await filled(0, 0, 3)
      await run.add(['last'], { durableBytes: run.end })
      run.flip(PAYLOAD_AT)
      const { start } = await recover([foundRun(run)])
      expect([start?.entryCount, start?.damage?.fromIndex]).to.deep.equal([0, 0])
      const position = file.store.positionOf(0)
      expect(start?.damage?.error.message).to.contain(`at byte ${position}: payload checksum`)
    })

    it('keeps its exact count when it is sealed, and says what cannot be read', async () => {
      const [first, , last] = [await filled(0, 0, 2), await filled(1, 2, 2), await filled(2, 4, 1)]
      const found = [foundRun(first, { state: 'closed' }), foundRun(last, { state: 'sealed' })]
      const recovered = await recover(found, { withTopicState: false })
      expect(summary(recovered)).to.deep.equal({ entryCount: 5, runs: [0], unused: [], damagedFrom: 2 })
      expect(recovered.start?.sealed).to.equal(true)
    })

    it('keeps the count at which the next segment starts', async () => {
      const first = await filled(0, 0, 2)
      const recovered = await recover([foundRun(first, { state: 'closed' })], { endIndex: 7, withTopicState: false })
      expect(summary(recovered)).to.deep.equal({ entryCount: 7, runs: [0], unused: [], damagedFrom: 2 })
    })
  })

  describe('that was half removed', () => {
    it('is nothing without its beginning', async () => {
      const second = await filled(1, 2, 2)
      const recovered = await recover([foundRun(second, { state: 'closed' })], { isBeginningFreed: () => true })
      expect(summary(recovered)).to.deep.equal({
        ...{ entryCount: undefined, runs: undefined, unused: [1], damagedFrom: undefined },
      })
    })

    it('is nothing also when its beginning held no entries', async () => {
      const second = await filled(1, 0, 2)
      const recovered = await recover([foundRun(second, { state: 'closed' })], { isBeginningFreed: () => true })
      expect(recovered.start).to.equal(undefined)
    })

    it('is damaged, and not removed, where its beginning is gone without a trace', async () => {
      const second = await filled(1, 2, 2)
      const recovered = await recover([foundRun(second, { state: 'closed' })])
      expect(summary(recovered)).to.deep.equal({ entryCount: 0, runs: [], unused: [], damagedFrom: 0 })
    })

    it('is damaged, and not removed, where nothing in its beginning can be read, and a later run says that it was there', async () => {
      const [first, second] = [await filled(0, 0, 2), await filled(1, 2, 2)]
      first.flip(0)
      const recovered = await recover([foundRun(first), foundRun(second, { state: 'closed' })])
      expect(summary(recovered)).to.deep.equal({ entryCount: 0, runs: [], unused: [0], damagedFrom: 0 })
    })

    it('is damaged, and not removed, where the slot of its beginning may be unreadable', async () => {
      const second = await filled(1, 2, 2)
      const recovered = await recover([foundRun(second, { state: 'closed' })], { slotsDamaged: true })
      expect(summary(recovered)).to.deep.equal({ entryCount: 0, runs: [], unused: [], damagedFrom: 0 })
    })
  })

  describe('with the state of its topic', () => {
    it('starts from the last run that begins with the whole state', async () => {
      const runs = [file.run(), file.run({ number: 1, firstIndex: 1 }), file.run({ number: 2, firstIndex: 2 })]
      await runs[0]!.addControl([cursor(1), { kind: 'producer', id: 8, lastSequence: 1 }])
      await runs[0]!.add(['a'])
      await runs[1]!.addControl([{ kind: 'snapshot' }, cursor(5), { kind: 'producer', id: 9, lastSequence: 4 }])
      await runs[1]!.add(['b'])
      await runs[2]!.addControl([cursor(6)])
      const found = [...runs.slice(0, 2).map((run) => foundRun(run, { state: 'closed' })), foundRun(runs[2]!)]
      const { start } = await recover(found)
      expect([...(start?.topicState.cursors ?? [])]).to.deep.equal([['shared', 6]])
      expect([...(start?.topicState.producers ?? [])]).to.deep.equal([[9, 4]])
    })

    it('goes back to the beginning where no run has it', async () => {
      const [first, second] = [file.run(), file.run({ number: 1 })]
      await first.addControl([cursor(1)])
      await second.addControl([{ kind: 'cursor', name: 'other', offset: 2 }])
      const { start } = await recover([foundRun(first, { state: 'closed' }), foundRun(second, { state: 'sealed' })])
      expect([...(start?.topicState.cursors ?? [])]).to.deep.equal([
        ['shared', 1],
        ['other', 2],
      ])
    })

    it('leaves out what a failed commit left behind the end of a closed run', async () => {
      const run = await filled(0, 0, 2)
      await run.addControl([cursor(1001)])
      const [knownBytes, knownEndIndex] = [run.end, run.endIndex]
      await run.addControl([cursor(1002)])
      const { start } = await recover([foundRun(run, { state: 'closed', knownBytes, knownEndIndex })])
      expect(start?.topicState.cursors.get('shared')).to.equal(1001)
    })

    it('is damaged where a closed run with the state is: a cursor must not go back unnoticed', async () => {
      const run = await filled(0, 0, 2)
      await run.addControl([cursor(2)])
      run.flip(PAYLOAD_AT)
      const found = foundRun(run, { state: 'sealed' })
      expect(summary(await recover([found]))).to.deep.include({ entryCount: 2, damagedFrom: 0 })
      expect(summary(await recover([found], { withTopicState: false }))).to.deep.include({ damagedFrom: undefined })
    })
  })
})
