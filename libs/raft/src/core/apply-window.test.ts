import { expect } from 'chai'
import { confStateOf, entriesOf, snapshotOf } from '../testing/node-fixture.js'
import { ApplyWindow } from './apply-window.js'
import { entriesBytes, entryOverheadBytes } from './entry.js'
import { InvariantViolation } from './invariant.js'
import { MemoryLog } from './memory-log.js'
import { RaftLog } from './raft-log.js'
import { unlimited } from './types.js'

describe('entries to apply', () => {
  it('are handed out once, in order', () => {
    const log = new RaftLog(new MemoryLog())
    const applying = new ApplyWindow(log, unlimited)
    expect(applying.hasNext(true)).to.equal(false)
    log.append(entriesOf([1, 1, 1]))
    log.commitTo(2)
    const entries = applying.next(true)
    expect(entries.map((one) => one.index)).to.deep.equal([1, 2])
    applying.accept(entries, true)
    expect(applying.next(true)).to.deep.equal([])
    log.commitTo(3)
    expect(applying.next(true).map((one) => one.index)).to.deep.equal([3])
  })

  it('wait for storage when it is asynchronous', () => {
    const log = new RaftLog(new MemoryLog())
    const window = new ApplyWindow(log, unlimited)
    log.append(entriesOf([1, 1]))
    log.commitTo(2)
    expect(window.hasNext(false)).to.equal(false)
    log.stableTo({ index: 1, term: 1 })
    expect(window.hasNext(false)).to.equal(true)
    expect(window.hasNext(true)).to.equal(true)
  })

  it('stay within the bound until some are answered, across several hand-outs', () => {
    const log = new RaftLog(new MemoryLog())
    const window = new ApplyWindow(log, 2 * entryOverheadBytes)
    log.append(entriesOf([1, 1, 1, 1, 1]))
    log.commitTo(5)
    const first = window.next(true)
    expect(first.length).to.equal(2)
    window.accept(first, true)
    expect(window.hasNext(true)).to.equal(false)
    window.appliedTo(1, entryOverheadBytes)
    const second = window.next(true)
    expect(second.map((one) => one.index)).to.deep.equal([3])
    window.accept(second, true)
    window.appliedTo(3, entriesBytes([...first.slice(1), ...second]))
    expect(window.next(true).map((one) => one.index)).to.deep.equal([4, 5])
  })

  it('wait while a snapshot is being stored', () => {
    const log = new RaftLog(new MemoryLog())
    const window = new ApplyWindow(log, unlimited)
    log.restore(snapshotOf(5, 1, confStateOf([1])))
    log.append(entriesOf([1], 6))
    log.commitTo(6)
    expect(window.hasNext(true)).to.equal(false)
    log.stableSnapshotTo(5)
    window.appliedTo(5, 0)
    expect(window.next(true).map((one) => one.index)).to.deep.equal([6])
  })

  it('cannot be applied before they are committed, nor be taken back', () => {
    const window = new ApplyWindow(new RaftLog(new MemoryLog()), unlimited)
    expect(() => window.appliedTo(1, 0)).to.throw(InvariantViolation)
    const log = new RaftLog(new MemoryLog())
    const other = new ApplyWindow(log, unlimited)
    log.append(entriesOf([1, 1, 1]))
    log.commitTo(3)
    other.appliedTo(3, 0)
    expect(() => other.appliedTo(2, 0)).to.throw(InvariantViolation)
  })
})
