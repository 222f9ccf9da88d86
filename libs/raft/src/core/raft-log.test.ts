import { expect } from 'chai'
import fc from 'fast-check'
import { confStateOf, entriesOf, snapshotOf } from '../testing/node-fixture.js'
import { entryOverheadBytes } from './entry.js'
import { InvariantViolation } from './invariant.js'
import { MemoryLog } from './memory-log.js'
import { RaftLog } from './raft-log.js'
import { unlimited } from './types.js'

/** A log with some entries in storage and the rest unstable. */
function logWith(terms: readonly number[], stableCount = 0): RaftLog {
  const memory = new MemoryLog()
  memory.write({ snapshot: null, entries: entriesOf(terms.slice(0, stableCount)), hardState: null })
  const log = new RaftLog(memory)
  log.append(entriesOf(terms.slice(stableCount), stableCount + 1))
  return log
}

function termsOf(log: RaftLog): readonly (number | undefined)[] {
  return Array.from({ length: log.lastIndex() }, (_, at) => log.term(at + 1))
}

describe('log', () => {
  describe('compares itself with a candidate', () => {
    const cases: readonly (readonly [number, number, boolean])[] = [
      [3, 1, true],
      [3, 9, true],
      [2, 3, true],
      [2, 4, true],
      [2, 2, false],
      [1, 9, false],
      [1, 3, false],
    ]
    for (const [term, index, isUpToDate] of cases) {
      it(`that ends with ${term}/${index}: ${isUpToDate ? 'up to date' : 'behind'}`, () => {
        expect(logWith([1, 2, 2]).isUpToDate({ term, index })).to.equal(isUpToDate)
      })
    }
  })

  describe('takes entries of a leader', () => {
    it('only where the entry before matches', () => {
      const log = logWith([1, 2, 3])
      expect(log.appendFrom({ index: 3, term: 2 }, entriesOf([4], 4), 3)).to.equal(undefined)
      expect(log.appendFrom({ index: 4, term: 3 }, entriesOf([4], 5), 3)).to.equal(undefined)
      expect(log.committed).to.equal(0)
      expect(termsOf(log)).to.deep.equal([1, 2, 3])
    })

    it('and keeps what matches, even when it is more than was sent', () => {
      const log = logWith([1, 2, 3])
      expect(log.appendFrom({ index: 1, term: 1 }, entriesOf([2], 2), 0)).to.equal(2)
      expect(termsOf(log)).to.deep.equal([1, 2, 3])
    })

    it('and replaces from the first difference on', () => {
      const log = logWith([1, 2, 2, 2])
      expect(log.appendFrom({ index: 1, term: 1 }, entriesOf([2, 3], 2), 0)).to.equal(3)
      expect(termsOf(log)).to.deep.equal([1, 2, 3])
    })

    it('and commits no further than what was sent', () => {
      const log = logWith([1, 1, 1, 1])
      log.appendFrom({ index: 1, term: 1 }, entriesOf([1], 2), 4)
      expect(log.committed).to.equal(2)
      log.appendFrom({ index: 3, term: 1 }, [], 3)
      expect(log.committed).to.equal(3)
    })

    it('but never in place of a committed one', () => {
      const log = logWith([1, 1, 1])
      log.commitTo(2)
      expect(() => log.appendFrom({ index: 1, term: 1 }, entriesOf([2], 2), 0)).to.throw(InvariantViolation)
    })

    it('so that it equals a plain list, whatever arrives', () => {
      const leader = [1, 1, 2, 2, 2, 4, 4, 5]
      const range = fc.tuple(fc.nat(leader.length), fc.nat(4))
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 8 }), fc.array(range), (own, sent) => {
          let plain = [...own].sort((left, right) => left - right)
          const log = logWith(plain)
          for (const [from, count] of sent) {
            const previous = { index: from, term: from === 0 ? 0 : leader[from - 1]! }
            const terms = leader.slice(from, from + count)
            const taken = log.appendFrom(previous, entriesOf(terms, from + 1), 0)
            const matches = from === 0 || plain[from - 1] === previous.term
            expect(taken !== undefined).to.equal(matches)
            if (matches) {
              const conflict = terms.findIndex((term, at) => plain[from + at] !== term)
              if (conflict >= 0) plain = [...plain.slice(0, from + conflict), ...terms.slice(conflict)]
            }
            expect(termsOf(log)).to.deep.equal(plain)
          }
        }),
      )
    })
  })

  describe('guesses where it may agree with another log', () => {
    // terms, index and term of the other log, guess
    const cases: readonly (readonly [readonly number[], number, number, number, number])[] = [
      [[1, 3, 3, 3, 5, 5, 5, 5, 5], 6, 2, 1, 1],
      [[1, 3, 3, 4, 4, 5, 5, 5, 6], 8, 3, 3, 3],
      [[2, 2, 2], 3, 1, 0, 0],
      [[2, 2, 5], 3, 2, 2, 2],
      [[1, 1], 2, 9, 2, 1],
    ]
    for (const [terms, index, term, guessIndex, guessTerm] of cases) {
      it(`terms ${terms} with ${term}/${index}: ${guessTerm}/${guessIndex}`, () => {
        expect(logWith(terms).findConflictByTerm({ index, term })).to.deep.equal({ index: guessIndex, term: guessTerm })
      })
    }

    it('and says that it does not know what was compacted', () => {
      const memory = new MemoryLog()
      memory.write({ snapshot: snapshotOf(5, 3, confStateOf([1])), entries: [], hardState: null })
      const log = new RaftLog(memory)
      log.append(entriesOf([4, 4], 6))
      expect(log.findConflictByTerm({ index: 7, term: 2 })).to.deep.equal({ index: 4, term: 0 })
    })
  })

  describe('gives entries', () => {
    it('from storage and from the unstable tail as one list', () => {
      fc.assert(
        fc.property(
          fc.nat(10),
          fc.nat(10),
          fc.nat(10),
          fc.integer({ min: 0, max: 300 }),
          (stable, low, count, bytes) => {
            const log = logWith(
              Array.from({ length: 10 }, () => 1),
              stable,
            )
            const from = Math.min(low + 1, 10)
            const high = Math.min(from + count, 11)
            const fitting = Math.max(1, Math.floor(bytes / entryOverheadBytes))
            const expected = Math.min(high - from, fitting)
            const entries = log.slice(from, high, bytes)!
            expect(entries.map((one) => one.index)).to.deep.equal(
              Array.from({ length: expected }, (_, at) => from + at),
            )
          },
        ),
      )
    })

    it('unless they were compacted', () => {
      const memory = new MemoryLog()
      memory.write({ snapshot: snapshotOf(5, 1, confStateOf([1])), entries: entriesOf([1, 1], 6), hardState: null })
      const log = new RaftLog(memory)
      expect(log.slice(5, 7, unlimited)).to.equal(undefined)
      expect(log.slice(6, 8, unlimited)!.length).to.equal(2)
      expect(log.term(5)).to.equal(1)
      expect(log.term(4)).to.equal(undefined)
    })

    it('and nothing at its end', () => {
      expect(logWith([1, 1]).entriesFrom(3, unlimited)).to.deep.equal([])
    })
  })

  describe('commits', () => {
    it('never backwards, never beyond its end', () => {
      const log = logWith([1, 2, 3])
      log.commitTo(2)
      log.commitTo(1)
      expect(log.committed).to.equal(2)
      expect(() => log.commitTo(4)).to.throw(InvariantViolation)
    })

    it('only an entry that it holds with that term', () => {
      const log = logWith([1, 2, 2])
      expect(log.commitIfMatches({ index: 2, term: 1 })).to.equal(false)
      expect(log.commitIfMatches({ index: 9, term: 2 })).to.equal(false)
      expect(log.commitIfMatches({ index: 3, term: 2 })).to.equal(true)
      expect(log.committed).to.equal(3)
    })
  })

  it('starts over with a snapshot', () => {
    const log = logWith([1, 1, 1], 3)
    log.restore(snapshotOf(9, 4, confStateOf([1])))
    expect([log.firstIndex(), log.lastIndex(), log.committed, log.term(9)]).to.deep.equal([10, 9, 9, 4])
    expect(log.hasPendingSnapshot).to.equal(true)
    log.append(entriesOf([5], 10))
    expect(log.nextUnstableEntries().map((one) => one.index)).to.deep.equal([10])
    log.stableSnapshotTo(9)
    expect(log.hasPendingSnapshot).to.equal(false)
  })
})
