import { crc32 } from '@walrus/protocol'
import { expect } from 'chai'
import type { FoundRun } from '../blocks/block-store.js'
import type { BlockSlot } from '../format/block-slot.js'
import type { RecoveredSegment } from './recover-segment.js'
import { groupByTopic, recoverTopic } from './recover-topic.js'
import { BlockFileFixture } from './run-fixture.test.js'

/** Newest first: the segment and its entries, or why its runs do not count. */
function inWords({ start, unusedRuns }: RecoveredSegment): string {
  if (!start) return unusedRuns.map(({ slot, why }) => `${slot.segment} ${why}`).join()
  const damage = start.damage ? ` damaged from ${start.damage.fromIndex}` : ''
  return `${start.segment}: ${start.entryCount}${damage}`
}

describe('recovering a topic', () => {
  let file: BlockFileFixture
  let found: FoundRun[]

  beforeEach(async () => {
    file = await BlockFileFixture.create()
    found = []
  })

  /** A segment of so many entries in one open run. */
  async function segment(
    id: number,
    baseOffset: number,
    entryCount: number,
    of: Partial<BlockSlot> = {},
  ): Promise<void> {
    const run = file.run()
    for (let nth = 0; nth < entryCount; nth++) await run.add([`entry ${baseOffset + nth}`])
    const slot = run.slot({ segment: id, baseOffset, followsDurable: id === 1, ...of })
    found.push({ file: file.store, block: run.place.firstBlock, slot })
  }

  async function recover(slotsDamaged = false): Promise<string[]> {
    return (await recoverAll(slotsDamaged)).map(inWords)
  }

  function recoverAll(slotsDamaged = false): Promise<readonly RecoveredSegment[]> {
    const options = { checksum: crc32, slotsDamaged, isBeginningFreed: () => false }
    return recoverTopic(groupByTopic(found).get('logs')!, options)
  }

  it('has its segments from the newest back, each ending where the next one starts', async () => {
    await segment(1, 0, 3)
    await segment(2, 2, 2)
    await segment(3, 4, 1)
    expect(await recover()).to.deep.equal(['3: 1', '2: 2', '1: 2'])
  })

  it('ends with a torn segment, when nothing says that all of it was ever durable', async () => {
    await segment(1, 0, 3)
    await segment(2, 3, 1)
    await segment(3, 5, 1)
    await segment(4, 6, 1)
    expect(await recover()).to.deep.equal(['4 torn', '3 torn', '2: 1', '1: 3'])
  })

  it('ends before a segment that is gone altogether', async () => {
    await segment(1, 0, 3)
    await segment(2, 3, 0)
    await segment(4, 6, 1)
    expect(await recover()).to.deep.equal(['4 torn', '2 empty', '1: 3'])
  })

  it('is damaged where a segment is short that was durable, as it says itself or a newer one does', async () => {
    await segment(1, 0, 3)
    await segment(2, 5, 1, { followsDurable: true })
    expect(await recover()).to.deep.equal(['2: 1', '1: 5 damaged from 3'])
    await segment(3, 7, 1)
    await segment(4, 8, 1, { followsDurable: true })
    expect(await recover()).to.deep.equal(['4: 1', '3: 1', '2: 2 damaged from 1', '1: 5 damaged from 3'])
  })

  it('cuts nothing off while a slot cannot be read', async () => {
    await segment(1, 0, 3)
    await segment(2, 5, 1)
    expect(await recover(true)).to.deep.equal(['2: 1', '1: 5 damaged from 3'])
  })

  it('begins with any segment that says that nothing before it is missing', async () => {
    await segment(5, 100, 2, { followsDurable: true })
    await segment(6, 102, 1)
    expect(await recover()).to.deep.equal(['6: 1', '5: 2'])
  })

  it('takes the state of the topic from the newest segment that counts', async () => {
    const [kept, torn] = [file.run(), file.run()]
    await kept.addControl([{ kind: 'cursor', name: 'shared', offset: 1 }])
    await torn.addControl([{ kind: 'cursor', name: 'shared', offset: 9 }])
    for (const [run, id, baseOffset] of [
      [kept, 1, 0],
      [torn, 2, 4],
    ] as const)
      found.push({
        ...{ file: file.store, block: run.place.firstBlock },
        slot: run.slot({ segment: id, baseOffset, followsDurable: id === 1 }),
      })
    expect((await recoverAll()).map((one) => one.start?.topicState.cursors.get('shared'))).to.deep.equal([undefined, 1])
  })
})
