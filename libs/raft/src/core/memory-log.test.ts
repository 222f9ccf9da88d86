import { expect } from 'chai'
import { confStateOf, entriesOf, snapshotOf } from '../testing/node-fixture.js'
import { entryOverheadBytes } from './entry.js'
import { InvariantViolation } from './invariant.js'
import { MemoryLog } from './memory-log.js'
import { unlimited } from './types.js'

const nothing = { snapshot: null, entries: [], hardState: null }

describe('log in memory', () => {
  it('starts empty', () => {
    const log = new MemoryLog()
    expect([log.firstIndex(), log.lastIndex(), log.term(0), log.term(1)]).to.deep.equal([1, 0, 0, undefined])
    expect(log.initialState().hardState).to.equal(null)
  })

  it('replaces from the first written entry on', () => {
    const log = new MemoryLog()
    log.write({ ...nothing, entries: entriesOf([1, 1, 1]) })
    log.write({ ...nothing, entries: entriesOf([2], 2) })
    expect([log.lastIndex(), log.term(1), log.term(2)]).to.deep.equal([2, 1, 2])
  })

  it('never leaves a hole', () => {
    const log = new MemoryLog()
    expect(() => log.write({ ...nothing, entries: entriesOf([1], 2) })).to.throw(InvariantViolation)
  })

  it('takes a snapshot and entries in one write', () => {
    const log = new MemoryLog()
    log.write({ ...nothing, entries: entriesOf([1, 1]) })
    log.write({ snapshot: snapshotOf(5, 2, confStateOf([1])), entries: entriesOf([2, 3], 6), hardState: null })
    expect([log.firstIndex(), log.lastIndex(), log.term(5), log.term(7)]).to.deep.equal([6, 7, 2, 3])
    expect(log.initialState().confState).to.deep.equal(confStateOf([1]))
  })

  it('never lets the commit index fall, neither below an older one nor below a snapshot', () => {
    const log = new MemoryLog()
    log.write({ ...nothing, entries: entriesOf([1, 1, 1]), hardState: { term: 1, vote: 1, commit: 3 } })
    log.write({ ...nothing, hardState: { term: 2, vote: 0, commit: 1 } })
    expect(log.initialState().hardState).to.deep.equal({ term: 2, vote: 0, commit: 3 })
    log.write({ ...nothing, snapshot: snapshotOf(8, 2, confStateOf([1])), hardState: { term: 2, vote: 0, commit: 3 } })
    expect(log.initialState().hardState?.commit).to.equal(8)
  })

  it('drops a prefix and keeps the term before the first entry', () => {
    const log = new MemoryLog()
    log.write({ ...nothing, entries: entriesOf([1, 2, 3]) })
    expect(log.compact(2)).to.equal(true)
    expect([log.firstIndex(), log.term(2), log.term(1)]).to.deep.equal([3, 2, undefined])
    expect(log.entries(2, 4, unlimited)).to.equal(undefined)
    expect(log.compact(2)).to.equal(false)
    expect(() => log.compact(4)).to.throw(InvariantViolation)
  })

  it('ignores entries that were compacted meanwhile', () => {
    const log = new MemoryLog()
    log.write({ ...nothing, entries: entriesOf([1, 1, 1]) })
    log.compact(2)
    log.write({ ...nothing, entries: entriesOf([1, 1], 1) })
    expect([log.firstIndex(), log.lastIndex()]).to.deep.equal([3, 3])
    log.write({ ...nothing, entries: entriesOf([1, 1, 2, 2], 1) })
    expect([log.lastIndex(), log.term(3), log.term(4)]).to.deep.equal([4, 2, 2])
  })

  it('gives at least one entry, however small the bound', () => {
    const log = new MemoryLog()
    log.write({ ...nothing, entries: entriesOf([1, 1, 1]) })
    expect(log.entries(1, 4, 0)!.length).to.equal(1)
    expect(log.entries(1, 4, 2 * entryOverheadBytes)!.length).to.equal(2)
  })

  it('keeps the newest snapshot for others', () => {
    const log = new MemoryLog()
    log.write({ ...nothing, entries: entriesOf([1, 1, 1]) })
    log.keepSnapshot(snapshotOf(2, 1, confStateOf([1])))
    log.keepSnapshot(snapshotOf(1, 1, confStateOf([1])))
    expect(log.snapshot()?.index).to.equal(2)
    expect(log.lastIndex()).to.equal(3)
  })
})
