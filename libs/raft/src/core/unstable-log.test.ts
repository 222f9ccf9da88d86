import { expect } from 'chai'
import { confStateOf, entriesOf, snapshotOf } from '../testing/node-fixture.js'
import { InvariantViolation } from './invariant.js'
import { UnstableLog } from './unstable-log.js'

function unstableWith(offset: number, terms: readonly number[]): UnstableLog {
  const unstable = new UnstableLog(offset)
  if (terms.length > 0) unstable.truncateAndAppend(entriesOf(terms, offset))
  return unstable
}

const snapshot = snapshotOf(4, 1, confStateOf([1]))

describe('unstable log', () => {
  it('knows terms of its entries and of its snapshot, and nothing else', () => {
    const unstable = new UnstableLog(1)
    unstable.restore(snapshot)
    unstable.truncateAndAppend(entriesOf([2, 3], 5))
    expect([3, 4, 5, 6, 7].map((index) => unstable.term(index))).to.deep.equal([undefined, 1, 2, 3, undefined])
    expect(unstable.firstIndex()).to.equal(5)
    expect(unstable.lastIndex()).to.equal(6)
  })

  it('is empty without entries and snapshot', () => {
    const unstable = new UnstableLog(5)
    expect([unstable.firstIndex(), unstable.lastIndex(), unstable.term(4)]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ])
    unstable.restore(snapshot)
    expect(unstable.lastIndex()).to.equal(4)
  })

  describe('hands out', () => {
    it('each entry once, until it is replaced', () => {
      const unstable = unstableWith(5, [1, 1])
      expect(unstable.nextEntries().map((one) => one.index)).to.deep.equal([5, 6])
      unstable.acceptInProgress()
      expect(unstable.hasNextEntries).to.equal(false)
      unstable.truncateAndAppend(entriesOf([2], 7))
      expect(unstable.nextEntries().map((one) => one.index)).to.deep.equal([7])
      unstable.truncateAndAppend(entriesOf([3, 3], 6))
      expect(unstable.nextEntries().map((one) => one.term)).to.deep.equal([3, 3])
    })

    it('each snapshot once', () => {
      const unstable = new UnstableLog(1)
      unstable.restore(snapshot)
      expect(unstable.nextSnapshot()).to.equal(snapshot)
      unstable.acceptInProgress()
      expect(unstable.nextSnapshot()).to.equal(undefined)
      expect(unstable.snapshot).to.equal(snapshot)
    })

    it('copies, so that a later change here does not reach them', () => {
      const unstable = unstableWith(5, [1, 1])
      const handedOut = unstable.nextEntries()
      unstable.truncateAndAppend(entriesOf([2], 6))
      expect(handedOut.map((one) => one.term)).to.deep.equal([1, 1])
    })
  })

  describe('lets go of entries that are stable', () => {
    it('up to the named one', () => {
      const unstable = unstableWith(5, [1, 1, 1])
      unstable.acceptInProgress()
      expect(unstable.stableTo({ index: 6, term: 1 }).kind).to.equal('advanced')
      expect(unstable.offset).to.equal(7)
      expect(unstable.lastIndex()).to.equal(7)
      expect(unstable.hasNextEntries).to.equal(false)
    })

    it('but not when the entry there is another one by now', () => {
      const unstable = unstableWith(5, [2, 2])
      expect(unstable.stableTo({ index: 5, term: 1 })).to.deep.equal({ kind: 'mismatched', term: 2 })
      expect(unstable.offset).to.equal(5)
    })

    it('but not when it is not here', () => {
      const unstable = unstableWith(5, [1])
      expect(unstable.stableTo({ index: 4, term: 1 }).kind).to.equal('missing')
      expect(unstable.stableTo({ index: 6, term: 1 }).kind).to.equal('missing')
      expect(unstable.isEmpty).to.equal(false)
    })

    it('but not for the index of the snapshot', () => {
      const unstable = new UnstableLog(1)
      unstable.restore(snapshot)
      unstable.truncateAndAppend(entriesOf([1], 5))
      expect(unstable.stableTo({ index: 4, term: 1 }).kind).to.equal('matches-snapshot')
      expect(unstable.isEmpty).to.equal(false)
    })
  })

  it('lets go of exactly the snapshot that is stable', () => {
    const unstable = new UnstableLog(1)
    unstable.restore(snapshot)
    unstable.stableSnapshotTo(3)
    expect(unstable.snapshot).to.equal(snapshot)
    unstable.stableSnapshotTo(4)
    expect(unstable.snapshot).to.equal(undefined)
  })

  describe('replaces', () => {
    // offset, terms, first new index, new terms, offset afterwards, terms afterwards, entries still to hand out
    const cases: readonly (readonly [
      number,
      readonly number[],
      number,
      readonly number[],
      number,
      readonly number[],
      number,
    ])[] = [
      [5, [1], 6, [1, 1], 5, [1, 1, 1], 2],
      [5, [1], 5, [2, 2], 5, [2, 2], 2],
      [5, [1], 4, [2, 2, 2], 4, [2, 2, 2], 3],
      [5, [1, 1, 1], 6, [2, 2], 5, [1, 2, 2], 2],
      [5, [1, 1, 1], 7, [2, 2], 5, [1, 1, 2, 2], 2],
    ]
    for (const [offset, terms, first, newTerms, offsetAfter, termsAfter, fresh] of cases) {
      it(`terms ${terms} from ${offset} by ${newTerms} from ${first}`, () => {
        const unstable = unstableWith(offset, terms)
        unstable.acceptInProgress()
        unstable.truncateAndAppend(entriesOf(newTerms, first))
        expect(unstable.offset).to.equal(offsetAfter)
        const end = offsetAfter + termsAfter.length
        expect(unstable.slice(offsetAfter, end).map((one) => one.term)).to.deep.equal(termsAfter)
        expect(unstable.nextEntries().length).to.equal(fresh)
      })
    }

    it('never leaves a hole', () => {
      expect(() => unstableWith(5, [1]).truncateAndAppend(entriesOf([1], 7))).to.throw(InvariantViolation)
    })
  })

  it('refuses to give what it does not have', () => {
    const unstable = unstableWith(5, [1, 1])
    for (const [low, high] of [
      [4, 5],
      [5, 8],
      [7, 6],
    ] as const) {
      expect(() => unstable.slice(low, high), `${low} to ${high}`).to.throw(InvariantViolation)
    }
  })
})
