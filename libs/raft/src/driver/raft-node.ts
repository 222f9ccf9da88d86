import { isConfChange, type ConfChange } from '../core/conf-change.js'
import { RaftError } from '../core/errors.js'
import { type Message } from '../core/message.js'
import { RaftCore } from '../core/raft-core.js'
import { type Ready, type StorageAppend, type StorageApply } from '../core/ready.js'
import {
  noNode,
  type ConfState,
  type Entry,
  type LogIndex,
  type NodeId,
  type Snapshot,
  type SoftState,
  type Term,
} from '../core/types.js'
import { type RaftTimer } from '../ports/clock.js'
import { reasonOf, type Machine } from './machine.js'
import { MembershipChanges, refused, successorOf } from './membership-changes.js'
import { nodeStatusOf, type RaftNodeStatus } from './node-status.js'
import { limitsOf, timingOf, type RaftLimits, type RaftNodeOptions, type RaftTiming } from './options.js'
import { dropped, Proposals } from './proposals.js'
import { Reads } from './reads.js'
import { SnapshotMaker } from './snapshot-maker.js'
import { SnapshotSender } from './snapshot-sender.js'
import { recoverMachine } from './start.js'
import { Transfers } from './transfers.js'
import { WriteQueue } from './write-queue.js'

/**
 * One member of a group at work: it ticks, stores, sends, applies and answers, in the order that `Ready` demands.
 *
 * A failed write, a state machine that throws, a broken invariant: each stops the node for good. It goes silent, tells
 * everybody who waits, and calls `onFatal`; only a new start from what is stored may follow.
 */
export class RaftNode<Result> {
  readonly #options: RaftNodeOptions<Result>
  readonly #timing: RaftTiming
  readonly #limits: RaftLimits
  readonly #core: RaftCore
  readonly #machine: Machine<Result>
  readonly #writes: WriteQueue
  readonly #proposals: Proposals<Result>
  readonly #reads: Reads
  readonly #changes = new MembershipChanges()
  readonly #transfers = new Transfers()
  readonly #snapshots: SnapshotSender
  readonly #maker: SnapshotMaker
  #state: 'running' | 'stopping' | 'stopped' | 'failed' = 'running'
  #tick = 0
  #timer: RaftTimer | undefined
  /** When each member was heard from last. */
  readonly #heardTicks = new Map<NodeId, number>()
  #ledSinceTick = 0
  #isScheduled = false
  /** Whom the proposals went to that are under way. */
  #leader: NodeId = noNode
  #closing: Promise<void> | undefined
  #silenced: Promise<void> | undefined
  #failure: RaftError | undefined

  /**
   * Starts from what the store holds, any number of times. Rejects with `RAFT_CORRUPT_STATE` when snapshot, log and hard
   * state do not fit together, with `RAFT_INVALID_CONFIG`, or with what the store says; then nothing was started.
   */
  static async start<Result>(options: RaftNodeOptions<Result>): Promise<RaftNode<Result>> {
    const machine = await recoverMachine(options)
    return new RaftNode(options, machine)
  }

  private constructor(options: RaftNodeOptions<Result>, machine: Machine<Result>) {
    const { id, store, random, transport } = options
    this.#options = options
    this.#machine = machine
    this.#timing = timingOf(options.timing)
    this.#limits = limitsOf(options.limits)
    const incarnation = random(2 ** 32)
    this.#core = this.#createCore()
    this.#proposals = new Proposals({ id, incarnation, pendingBytesMax: this.#limits.pendingBytesMax })
    this.#reads = new Reads(random(2 ** 20) * 2 ** 32, this.#timing.electionTimeoutTicks)
    this.#maker = new SnapshotMaker({
      clock: options.clock,
      machine,
      logBytesMin: this.#limits.snapshotLogBytesMin,
      guarded: (task) => this.#guarded(task),
      save: (snapshot) => this.#saveSnapshot(snapshot),
    })
    this.#snapshots = new SnapshotSender(transport, this.#timing.snapshotTimeoutTicks, (to, delivered) =>
      this.#do(() => this.#core.reportSnapshot(to, delivered)),
    )
    this.#writes = new WriteQueue({
      store,
      groupBytesMax: this.#limits.writeBytesMax,
      currentTick: () => this.#tick,
      events: {
        onWritten: (append) => this.#do(() => this.#written(append)),
        onSnapshotSaved: () => this.#maker.saved(),
        onFailed: (error) => this.#fail(error),
      },
    })
    this.#startTicking()
    if (isOnlyVoter(machine.confState, id)) this.#do(() => this.#core.campaign())
    this.#schedule()
  }

  get id(): NodeId {
    return this.#options.id
  }

  /** Who takes part, as far as this node has applied. */
  get membership(): ConfState {
    return this.#machine.confState
  }

  status(): RaftNodeStatus {
    const { store } = this.#options
    const purgedIndex = store.firstIndex() - 1
    return nodeStatusOf(this.#core.status(), {
      isStopped: !this.#isActive,
      lastApplied: this.#machine.applied,
      snapshot: store.snapshotId(),
      purged: { index: purgedIndex, term: store.term(purgedIndex) ?? 0 },
      membershipEntry: this.#machine.membershipEntry,
      silenceTicks: (id) => this.#tick - Math.max(this.#heardTicks.get(id) ?? 0, this.#ledSinceTick),
    })
  }

  /** Term of the entry at `index`; undefined when it was compacted or does not exist. */
  termOf(index: LogIndex): Term | undefined {
    return this.#core.termOf(index)
  }

  /**
   * Proposes a command, here or through the leader. Resolves with the state machine's result once the command is durable on a
   * quorum and applied on this node. Proposals of one node are applied in the order of the calls, unless leadership moves.
   *
   * Rejects with `RAFT_PROPOSAL_DROPPED` when the command was not and will never be applied: `reason` says why.
   * Rejects with `RAFT_OUTCOME_UNKNOWN` when that cannot be said; with `RAFT_STOPPED` or `RAFT_FAILED` when the node took
   * nothing in. The bytes must not be changed before it settles.
   */
  propose(command: Uint8Array): Promise<Result> {
    if (this.#state !== 'running') return Promise.reject(this.#refusal('propose'))
    if (this.#isStalled) return Promise.reject(dropped('storage-stalled'))
    const answer = this.#proposals.add(command, this.#tick + this.#timing.proposalTimeoutTicks)
    this.#schedule()
    return answer
  }

  /**
   * Resolves when this node's state contains everything that was acknowledged anywhere before the call, with the index that
   * it has applied. Rejects with `RAFT_TIMED_OUT` when no leader confirms that in time, `RAFT_STOPPED` or `RAFT_FAILED`.
   */
  readIndex(): Promise<LogIndex> {
    if (this.#state !== 'running') return Promise.reject(this.#refusal('read'))
    const answer = this.#reads.add(this.#tick + this.#timing.readTimeoutTicks)
    this.#schedule()
    return answer
  }

  /** Adds a member without a vote; it receives the log from now on. See `changeMembership`. */
  addLearner(id: NodeId): Promise<ConfState> {
    return this.changeMembership({ transition: 'auto', changes: [{ type: 'addLearner', id }] })
  }

  /** Gives a learner its vote. Refused with reason `learner-lags` while it lacks too much or is not heard from. */
  promote(id: NodeId): Promise<ConfState> {
    const { progress, lastIndex, role } = this.#core.status()
    const learner = progress.get(id)
    if (role === 'leader' && learner !== undefined) {
      const lag = lastIndex - learner.match
      if (!learner.recentActive || lag > this.#limits.promotionLagEntryCount) {
        return Promise.reject(refused('learner-lags'))
      }
    }
    return this.changeMembership({ transition: 'auto', changes: [{ type: 'addVoter', id }] })
  }

  /** Takes a member out, be it up or down. See `changeMembership`. */
  remove(id: NodeId): Promise<ConfState> {
    return this.changeMembership({ transition: 'auto', changes: [{ type: 'remove', id }] })
  }

  /**
   * Changes who takes part; only on the leader. Resolves with the new membership once it has taken effect here.
   *
   * Rejects with `RAFT_NOT_LEADER` when another node must be asked. That is also so when the change would remove or demote
   * this leader: it hands leadership over first, and rejects with reason `transferred` when that has happened. Rejects with
   * `RAFT_CHANGE_REFUSED` when nothing was changed, and with `RAFT_OUTCOME_UNKNOWN` when that cannot be said.
   */
  async changeMembership(change: ConfChange): Promise<ConfState> {
    if (this.#state !== 'running') throw this.#refusal('change the membership')
    if (this.#core.role !== 'leader') throw this.#notLeader('elsewhere')
    const result = this.#core.proposeConfChange(change)
    this.#schedule()
    switch (result.kind) {
      case 'appended':
        return this.#changes.add(result, this.#tick + this.#timing.proposalTimeoutTicks)
      case 'dropped':
        if (result.reason !== 'leader-would-leave') throw refused(result.reason)
        await this.#handOver(new Set(change.changes.map(({ id }) => id)))
        throw this.#notLeader('transferred')
      case 'ignored':
        throw refused(result.reason)
      case 'forwarded':
        throw this.#notLeader('elsewhere')
    }
  }

  /** Resolves when this node sees that `target` leads. Rejects with `RAFT_TIMED_OUT` when it does not come to that. */
  transferLeadership(target: NodeId): Promise<void> {
    if (this.#state !== 'running') return Promise.reject(this.#refusal('transfer leadership'))
    return this.#transfer(target)
  }

  /** A message came from another member; the data of its snapshot may come beside it. */
  receive(message: Message, snapshotData?: Uint8Array): void {
    if (message.to !== this.id || message.from === this.id) return
    this.#heardTicks.set(message.from, this.#tick)
    if (this.#isStalled && (message.type === 'Propose' || message.type === 'ReadIndex')) return
    const { snapshot } = message
    const whole =
      snapshot === null || snapshotData === undefined
        ? message
        : { ...message, snapshot: { ...snapshot, data: snapshotData } }
    this.#do(() => this.#core.step(whole))
  }

  /** Messages to a member were lost. */
  reportUnreachable(id: NodeId): void {
    this.#do(() => this.#core.reportUnreachable(id))
  }

  /**
   * Lets open proposals come to their end and hands leadership over, both within bounds; then finishes its writes, goes
   * silent, and closes transport and store. Idempotent. Never rejects for what others failed to do.
   */
  stop(): Promise<void> {
    this.#closing ??= this.#stop()
    return this.#closing
  }

  #createCore(): RaftCore {
    const { id, store, random, trace } = this.#options
    const { electionTimeoutTicks, heartbeatTimeoutTicks } = this.#timing
    const { messageBytesMax, applyingBytesMax, uncommittedBytesMax } = this.#limits
    const { inflightMessagesMax, inflightBytesMax } = this.#limits
    return new RaftCore({
      id,
      random,
      electionTimeoutTicks,
      heartbeatTimeoutTicks,
      messageBytesMax,
      applyingBytesMax,
      uncommittedBytesMax,
      inflightMessagesMax,
      inflightBytesMax,
      appliedIndex: this.#machine.appliedIndex,
      log: {
        initialState: () => store.initialState(),
        firstIndex: () => store.firstIndex(),
        lastIndex: () => store.lastIndex(),
        term: (index) => store.term(index),
        entries: (low, high, bytesMax) => store.entries(low, high, bytesMax),
        snapshot: () => this.#machine.snapshotToSend(store.firstIndex()),
      },
      ...(trace && { trace }),
    })
  }

  get #isActive(): boolean {
    return this.#state === 'running' || this.#state === 'stopping'
  }

  /**
   * Others would go on to believe in a leader whose disk hangs, for heartbeats need no disk. So it says nothing, and steps down
   * when it finds that nobody answers.
   */
  get #isStalled(): boolean {
    return this.#writes.waitingTicks >= this.#timing.storageStallTicks
  }

  /** Lets the core take something in, and sees to what follows from it in this turn of the event loop. */
  #do(action: () => void): void {
    this.#guarded(action)
    this.#schedule()
  }

  #guarded(action: () => void): void {
    if (!this.#isActive) return
    try {
      action()
    } catch (error) {
      this.#fail(error)
    }
  }

  #schedule(): void {
    if (this.#isScheduled || !this.#isActive) return
    this.#isScheduled = true
    this.#options.clock.defer(() => {
      this.#isScheduled = false
      this.#guarded(() => this.#turn())
    })
  }

  /** Everything that came in since the last turn shares its messages and its write. */
  #turn(): void {
    if (this.#proposals.hasWaiting) {
      this.#proposals.submit(this.#limits.messageBytesMax, (payloads) => this.#core.proposeBatch(payloads))
    }
    if (!this.#isStalled) {
      this.#reads.submit(this.#tick, (context) => this.#core.readIndex(context).kind === 'accepted')
    }
    for (let round = 0; round < turnRoundsMax && this.#isActive && this.#core.hasReady(); round++) {
      this.#handle(this.#core.ready())
    }
    this.#maker.makeIfNeeded()
    if (this.#core.hasReady()) this.#schedule()
  }

  #handle({ softState, messages, storageAppend, storageApply, readStates }: Ready): void {
    if (softState !== null) this.#leadershipChanged(softState)
    for (const message of messages) this.#send(message)
    if (storageAppend !== null) {
      if (storageAppend.snapshot !== null) this.#machine.expectRestore(storageAppend.snapshot)
      this.#writes.append(storageAppend)
    }
    for (const read of readStates) {
      this.#reads.confirm(read)
      this.#schedule()
    }
    if (storageApply !== null) this.#apply(storageApply)
    this.#reads.serve(this.#machine.appliedIndex)
  }

  #send(message: Message): void {
    if (message.type === 'Snapshot') this.#snapshots.send(message, this.#tick)
    else if (!this.#isStalled) this.#options.transport.send(message)
  }

  /** The write is durable, so what it promises may be said. */
  #written({ snapshot, responses }: StorageAppend): void {
    if (snapshot !== null) this.#restore(snapshot)
    for (const response of responses) {
      if (response.to === this.id) this.#core.step(response)
      else this.#send(response)
    }
  }

  #restore(snapshot: Snapshot): void {
    if (snapshot.index <= this.#machine.appliedIndex) return
    this.#machine.restore(snapshot)
    this.#proposals.restoredTo(snapshot.index)
    this.#changes.failUpTo(snapshot.index)
    this.#options.events?.onMembership?.(snapshot.confState)
  }

  #apply({ entries, responses }: StorageApply): void {
    for (const entry of entries) this.#applyOne(entry)
    for (const response of responses) this.#core.step(response)
  }

  #applyOne(entry: Entry): void {
    if (isConfChange(entry)) {
      const confState = this.#machine.changeMembership(entry, (...change) => this.#core.applyConfChange(...change))
      this.#proposals.superseded(entry)
      this.#changes.applied(entry, confState)
      this.#options.events?.onMembership?.(confState)
      return
    }
    const applied = this.#machine.apply(entry)
    this.#changes.superseded(entry)
    if (applied === undefined) this.#proposals.superseded(entry)
    else this.#proposals.applied(entry, applied.result)
  }

  #saveSnapshot(snapshot: Snapshot): void {
    const { trailingEntryCount } = this.#limits
    this.#writes.saveSnapshot(snapshot, Math.max(0, snapshot.index - trailingEntryCount))
  }

  #leadershipChanged(state: SoftState): void {
    if (this.#leader !== noNode && this.#leader !== state.leader) {
      this.#proposals.shortenDeadlines(this.#tick + 2 * this.#timing.electionTimeoutTicks)
    }
    this.#leader = state.leader
    if (state.leader === this.id) this.#ledSinceTick = this.#tick
    this.#reads.askAgain()
    this.#transfers.leaderIs(state.leader)
    this.#options.events?.onLeadership?.({ ...state, term: this.#core.term })
  }

  #startTicking(): void {
    this.#timer = this.#options.clock.after(this.#timing.tickMs, () => {
      if (!this.#isActive) return
      this.#startTicking()
      this.#do(() => this.#passTick())
    })
  }

  #passTick(): void {
    this.#tick++
    this.#proposals.expire(this.#tick)
    this.#reads.expire(this.#tick)
    this.#changes.expire(this.#tick)
    this.#transfers.expire(this.#tick)
    this.#snapshots.expire(this.#tick)
    this.#writes.flush()
    this.#core.tick()
  }

  async #handOver(leaving: ReadonlySet<NodeId>): Promise<void> {
    const successor = successorOf(this.#core.status(), leaving)
    if (successor === noNode) throw refused('no-successor')
    await this.#transfer(successor)
  }

  #transfer(target: NodeId): Promise<void> {
    if (this.#core.leader === target) return Promise.resolve()
    const done = this.#transfers.add(target, this.#tick + 2 * this.#timing.electionTimeoutTicks)
    this.#do(() => this.#core.transferLeader(target))
    return done
  }

  async #stop(): Promise<void> {
    if (this.#state === 'running') {
      this.#state = 'stopping'
      this.#schedule()
      await this.#within(this.#proposals.settled())
      await this.#within(this.#handOverBeforeStop())
    }
    const failed = this.#state === 'failed'
    this.#timer?.cancel()
    await this.#writes.drain()
    if (!failed) this.#end('stopped')
    await this.#silence()
    await this.#options.store.close()
  }

  async #handOverBeforeStop(): Promise<void> {
    if (this.#core.role !== 'leader') return
    await this.#handOver(new Set()).catch(() => undefined)
  }

  /** Waits for `work`, or for as long as stopping may take. */
  #within(work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const { stopTimeoutTicks, tickMs } = this.#timing
      const timer = this.#options.clock.after(stopTimeoutTicks * tickMs, resolve)
      void work.then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  /** Silence first: what this node promised until now must hold, and nothing more is promised. */
  #fail(error: unknown): void {
    if (!this.#isActive) return
    this.#failure = new RaftError('RAFT_FAILED', `Node ${this.id} has stopped: ${reasonOf(error)}`, { cause: error })
    this.#end('failed', this.#failure)
    this.#timer?.cancel()
    void this.#silence()
    this.#options.events?.onFatal?.(this.#failure)
  }

  /** A transport that cannot be closed properly is of no use to anybody any more. */
  #silence(): Promise<void> {
    this.#silenced ??= this.#options.transport.close().catch(() => undefined)
    return this.#silenced
  }

  #end(state: 'stopped' | 'failed', cause?: RaftError): void {
    this.#state = state
    this.#writes.stop()
    this.#proposals.failAll(state === 'failed' ? 'RAFT_FAILED' : 'RAFT_STOPPED', cause)
    this.#changes.failUpTo(Number.MAX_SAFE_INTEGER, cause)
    this.#reads.failAll(this.#refusal('read'))
    this.#transfers.failAll(this.#refusal('transfer leadership'))
  }

  #refusal(what: string): RaftError {
    if (this.#failure !== undefined) return this.#failure
    return new RaftError('RAFT_STOPPED', `Cannot ${what}: node ${this.id} has stopped`)
  }

  #notLeader(reason: 'elsewhere' | 'transferred'): RaftError {
    const leader = this.#core.leader === noNode ? 'nobody' : `node ${this.#core.leader}`
    const message = `Cannot change the membership here: ${leader} leads`
    return new RaftError('RAFT_NOT_LEADER', message, { reason })
  }
}

/** What one turn does before it lets others have theirs. */
const turnRoundsMax = 32

function isOnlyVoter({ voters, votersOutgoing }: ConfState, id: NodeId): boolean {
  return voters.length === 1 && votersOutgoing.length === 0 && voters[0] === id
}
