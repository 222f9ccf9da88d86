import { expect } from 'chai'
import { NodeFixture, bytesOf, confStateOf, entriesOf, quietConfig, snapshotOf } from '../testing/node-fixture.js'
import { entryOverheadBytes } from './entry.js'
import { RaftError } from './errors.js'
import { InvariantViolation } from './invariant.js'
import { MemoryLog } from './memory-log.js'
import { createMessage, type Message, type MessageDraft } from './message.js'
import { RaftCore } from './raft-core.js'
import { type StorageAppend } from './ready.js'
import { type TraceEvent } from './trace.js'
import { type HardState } from './types.js'

function logOf(terms: readonly number[], hardState: HardState | null = null, voters = [1, 2, 3]): MemoryLog {
  const log = new MemoryLog()
  log.write({ snapshot: snapshotOf(0, 0, confStateOf(voters)), entries: [], hardState: null })
  log.write({ snapshot: null, entries: entriesOf(terms), hardState })
  return log
}

function append(term: number, index: number, logTerm: number, terms: readonly number[], commit = 0): Message {
  return createMessage({
    type: 'Append',
    from: 2,
    to: 1,
    term,
    index,
    logTerm,
    entries: entriesOf(terms, index + 1),
    commit,
  })
}

/** A node whose storage does what it is told only when the test says so. */
class AsyncNode {
  readonly events: TraceEvent[] = []
  readonly writes: StorageAppend[] = []
  readonly core: RaftCore
  readonly log: MemoryLog

  constructor(log: MemoryLog) {
    this.log = log
    this.core = new RaftCore({
      ...quietConfig,
      asyncStorageWrites: true,
      log,
      trace: (event) => this.events.push(event),
    })
  }

  receive(message: Message | MessageDraft): void {
    this.core.step(createMessage(message))
    while (this.core.hasReady()) {
      const { storageAppend } = this.core.ready()
      if (storageAppend !== null) this.writes.push(storageAppend)
    }
  }

  /** Performs the oldest write, and delivers what it answers to this node. */
  finishOneWrite(): void {
    const write = this.writes.shift()!
    this.log.write(write)
    for (const response of write.responses) if (response.to === 1) this.receive(response)
  }

  kinds(): readonly string[] {
    return this.events.map(({ kind }) => kind)
  }
}

describe('work that a node hands out', () => {
  it('is handed out once', () => {
    const node = new AsyncNode(logOf([]))
    node.core.step(append(1, 0, 0, [1, 1]))
    expect(node.core.hasReady()).to.equal(true)
    expect(node.core.ready().storageAppend!.entries.length).to.equal(2)
    expect(node.core.hasReady()).to.equal(false)
    expect(node.core.ready()).to.deep.include({
      storageAppend: null,
      storageApply: null,
      hardState: null,
      softState: null,
    })
  })

  it('must be done before more is asked for, without asynchronous writes', () => {
    const core = new RaftCore({ ...quietConfig, log: logOf([], null, [1]) })
    core.campaign()
    core.ready()
    expect(() => core.ready()).to.throw(InvariantViolation)
    core.advance()
    expect(core.hasReady()).to.equal(true)
  })

  it('is answered by storage alone with asynchronous writes', () => {
    const node = new AsyncNode(logOf([]))
    expect(() => node.core.advance()).to.throw(InvariantViolation)
  })

  it('must be durable when term, vote or entries changed, and need not be for a commit index', () => {
    const node = new NodeFixture({})
    node.core.step(append(1, 0, 0, [1]))
    expect(node.core.ready().mustSync).to.equal(true)
    node.log.write({ snapshot: null, entries: entriesOf([1]), hardState: null })
    node.core.advance()
    node.core.step(createMessage({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 1 }))
    const ready = node.core.ready()
    expect(ready.hardState).to.deep.equal({ term: 1, vote: 0, commit: 1 })
    expect(ready.mustSync).to.equal(false)
  })

  it('must be durable when nothing but the vote changed', () => {
    const node = new NodeFixture({ hardState: { term: 1, vote: 0, commit: 0 } })
    node.step({ type: 'Vote', from: 2, to: 1, term: 1, index: 0, logTerm: 0 })
    expect(node.core.ready()).to.deep.include({ hardState: { term: 1, vote: 2, commit: 0 }, mustSync: true })
  })

  it('is applied only from storage with asynchronous writes', () => {
    const node = new AsyncNode(logOf([]))
    node.core.step(append(1, 0, 0, [1], 1))
    const first = node.core.ready()
    expect(first.storageApply).to.equal(null)
    node.log.write(first.storageAppend!)
    for (const response of first.storageAppend!.responses) node.core.step(response)
    expect(node.core.ready().storageApply!.entries.map(({ index }) => index)).to.deep.equal([1])
  })

  it('comes in pages after a restart too, and each entry once (TestRawNodeCommitPaginationAfterRestart)', () => {
    const terms = Array.from({ length: 10 }, () => 1)
    const log = logOf(terms, { term: 1, vote: 1, commit: 10 }, [1])
    const core = new RaftCore({ ...quietConfig, log, applyingBytesMax: 3 * entryOverheadBytes })
    const pages: number[][] = []
    while (core.hasReady()) {
      const ready = core.ready()
      pages.push(ready.committedEntries.map(({ index }) => index))
      core.advance()
    }
    expect(pages).to.deep.equal([[1, 2, 3], [4, 5, 6], [7, 8, 9], [10]])
  })

  it('starts after what was applied already', () => {
    const log = logOf([1, 1, 1], { term: 1, vote: 1, commit: 3 })
    const core = new RaftCore({ ...quietConfig, log, appliedIndex: 2 })
    expect(core.ready().committedEntries.map(({ index }) => index)).to.deep.equal([3])
  })

  describe('answers of storage that come late', () => {
    it('of an earlier term let go of nothing: the entries may be written over again (ABA)', () => {
      const node = new AsyncNode(logOf([]))
      node.receive(append(1, 0, 0, [1]))
      node.receive(append(2, 0, 0, [2]))
      node.receive(append(3, 0, 0, [1, 1]))
      node.finishOneWrite()
      expect(node.kinds()).to.include('stale-append-ignored')
      node.finishOneWrite()
      expect(node.log.term(1)).to.equal(2)
      expect(node.core.status()).to.deep.include({ lastIndex: 2 })
      node.finishOneWrite()
      expect(node.log.term(1)).to.equal(1)
      expect(node.log.lastIndex()).to.equal(2)
    })

    it('of the term let go of nothing when the entry is another one by now', () => {
      const node = new AsyncNode(logOf([]))
      node.receive(append(2, 0, 0, [1]))
      const [write] = node.writes
      node.receive(append(2, 0, 0, [2]))
      for (const response of write!.responses) node.core.step(response)
      expect(node.kinds()).to.include('unstable-mismatched')
    })

    it('still let a snapshot be known as stored, whatever the term', () => {
      const node = new AsyncNode(logOf([]))
      const snapshot = snapshotOf(9, 1, confStateOf([1, 2, 3]))
      node.receive({ type: 'Snapshot', from: 2, to: 1, term: 1, snapshot })
      node.receive({ type: 'Heartbeat', from: 3, to: 1, term: 2 })
      node.finishOneWrite()
      expect(node.core.status().applied).to.equal(9)
    })

    it('come for everything in the end, because each new term writes something', () => {
      const node = new AsyncNode(logOf([]))
      node.receive(append(1, 0, 0, [1]))
      node.receive({ type: 'Heartbeat', from: 3, to: 1, term: 2, commit: 0 })
      expect(node.writes[1]).to.deep.include({ entries: [] })
      node.finishOneWrite()
      node.finishOneWrite()
      node.receive({ type: 'Heartbeat', from: 3, to: 1, term: 2, commit: 1 })
      expect(node.core.status().commit).to.equal(1)
      expect(node.kinds()).to.not.include('unstable-mismatched')
    })
  })
})

describe('start', () => {
  it('takes term, vote and commit index from storage', () => {
    const core = new RaftCore({ ...quietConfig, log: logOf([1, 2], { term: 3, vote: 2, commit: 1 }) })
    expect(core.status()).to.deep.include({ term: 3, vote: 2, commit: 1, role: 'follower', lastIndex: 2 })
    expect(core.ready()).to.deep.include({ hardState: null, softState: null })
  })

  it('takes the index of a snapshot for committed, though the hard state is older', () => {
    const log = new MemoryLog()
    log.write({ snapshot: snapshotOf(7, 2, confStateOf([1])), entries: [], hardState: null })
    const older = { ...log.initialState(), hardState: { term: 2, vote: 0, commit: 3 } }
    log.initialState = () => older
    expect(new RaftCore({ ...quietConfig, log }).status()).to.deep.include({ commit: 7, applied: 7 })
  })

  it('refuses a commit index beyond the log, an applied index that was never committed, and impossible members', () => {
    const cases: readonly (readonly [() => RaftCore, string])[] = [
      [
        () => new RaftCore({ ...quietConfig, log: logOf([1], { term: 1, vote: 0, commit: 2 }) }),
        'RAFT_COMMIT_BEYOND_LOG',
      ],
      [() => new RaftCore({ ...quietConfig, log: logOf([1, 1]), appliedIndex: 1 }), 'RAFT_APPLIED_OUT_OF_RANGE'],
      [() => new RaftCore({ ...quietConfig, log: logOf([], null, [1, 1]) }), 'RAFT_INVALID_MEMBERSHIP'],
    ]
    for (const [start, code] of cases) expect(start).to.throw(RaftError).with.property('code', code)
  })

  it('refuses settings that cannot work, and says which', () => {
    const log = logOf([])
    const bad: readonly (readonly [object, RegExp])[] = [
      [{ id: 0 }, /id must be/],
      [{ id: 1.5 }, /id must be/],
      [{ heartbeatTimeoutTicks: 0 }, /heartbeatTimeoutTicks/],
      [{ electionTimeoutTicks: 1 }, /must exceed heartbeatTimeoutTicks/],
      [{ inflightMessagesMax: 0 }, /inflightMessagesMax/],
      [{ inflightBytesMax: 10, messageBytesMax: 20 }, /inflightBytesMax/],
      [{ readMode: 'lease', checkQuorum: false }, /needs checkQuorum/],
      [{ uncommittedBytesMax: 0 }, /uncommittedBytesMax/],
      [{ messageBytesMax: -1 }, /messageBytesMax/],
    ]
    for (const [settings, reason] of bad) {
      const start = () => new RaftCore({ ...quietConfig, log, ...settings })
      expect(start, JSON.stringify(settings)).to.throw(RaftError, reason).with.property('code', 'RAFT_INVALID_CONFIG')
    }
  })

  it('gives the same outputs for the same inputs', () => {
    const run = () => {
      const node = new NodeFixture({ preVote: true, checkQuorum: true, random: (bound) => 4 % bound })
      const sent: unknown[] = [node.ticks(15)]
      sent.push(node.answerTo({ type: 'PreVoteResponse', from: 2, to: 1, term: 1 }))
      sent.push(node.answerTo({ type: 'VoteResponse', from: 3, to: 1, term: 1 }))
      node.core.propose(bytesOf(3))
      sent.push(node.settle(), node.ticks(3), node.events)
      return JSON.stringify(sent)
    }
    expect(run()).to.equal(run())
  })
})
