import { encodeConfChange, type ConfChange } from './conf-change.js'
import { type RaftConfig } from './config.js'
import { startCampaign } from './election.js'
import { violated } from './invariant.js'
import { type Message } from './message.js'
import { proposeEntries, type ProposeResult } from './propose.js'
import { createRaftState, hardStateOf, softStateOf, type RaftState } from './raft-state.js'
import { requestRead, type ReadIndexResult } from './read-index.js'
import { acceptReady, collectReady, hasReady, type HandedOut, type Ready } from './ready.js'
import { useInitialMembership } from './restore.js'
import { becomeFollower } from './roles.js'
import { statusOf, type RaftStatus } from './status.js'
import { forgetLeader, tickElection } from './step-follower.js'
import { reportSnapshot, reportUnreachable, tickLeader } from './step-leader.js'
import { step, stepAccepted, type StepResult } from './step.js'
import { applyMembershipChange } from './switch-membership.js'
import { requestTransfer, type TransferResult } from './transfer.js'
import { noNode, type ConfState, type LogIndex, type NodeId, type Role, type Term } from './types.js'

/**
 * One member of a Raft group, as a state machine without clock, disk or network: every method takes an input in, and `ready`
 * gives out what is to be done. The same inputs in the same order always give the same outputs.
 *
 * Not reentrant. After an `InvariantViolation` the object must not be used again.
 */
export class RaftCore {
  readonly #raft: RaftState
  #handedOut: HandedOut
  #stepsOnAdvance: readonly Message[] = []

  /** Throws `RaftError` when the configuration is impossible, or what the log holds does not fit together. */
  constructor(config: RaftConfig) {
    const raft = createRaftState(config)
    useInitialMembership(raft, config.log.initialState().confState)
    becomeFollower(raft, raft.term, noNode)
    this.#raft = raft
    this.#handedOut = { softState: softStateOf(raft), hardState: hardStateOf(raft) }
  }

  get id(): NodeId {
    return this.#raft.id
  }

  get role(): Role {
    return this.#raft.role
  }

  get term(): Term {
    return this.#raft.term
  }

  /** The leader of the term as far as known, or `noNode`. */
  get leader(): NodeId {
    return this.#raft.leader
  }

  get commitIndex(): LogIndex {
    return this.#raft.log.committed
  }

  /** Term of the entry at `index`, stored or not; undefined when it was compacted or does not exist. */
  termOf(index: LogIndex): Term | undefined {
    return this.#raft.log.term(index)
  }

  /** One unit of time passed. */
  tick(): void {
    if (this.#raft.role === 'leader') tickLeader(this.#raft)
    else tickElection(this.#raft)
  }

  /** Takes in a message of another member, or a response of this node's storage. The result is for counting and logs. */
  step(message: Message): StepResult {
    return step(this.#raft, message)
  }

  /** Starts an election without waiting for the timeout; nothing happens on a leader, or on who may not lead. */
  campaign(): void {
    startCampaign(this.#raft, false)
  }

  /** Proposes one entry. An empty payload is allowed; the leader's own first entry of a term is empty as well. */
  propose(data: Uint8Array): ProposeResult {
    return proposeEntries(this.#raft, [{ type: 'normal', data }])
  }

  /** Proposes several entries at once (at least one): all are taken, one after the other, or none. */
  proposeBatch(payloads: readonly Uint8Array[]): ProposeResult {
    if (payloads.length === 0) violated('proposed nothing')
    return proposeEntries(
      this.#raft,
      payloads.map((data) => ({ type: 'normal', data })),
    )
  }

  /**
   * Proposes a change of the membership. It takes effect on each node when that node applies it (`applyConfChange`), so only
   * one may be under way.
   */
  proposeConfChange(change: ConfChange): ProposeResult {
    return proposeEntries(this.#raft, [{ type: 'confChangeV2', data: encodeConfChange(change) }])
  }

  /** Like `proposeConfChange`, as the older entry type that carries exactly one change of one member. */
  proposeSingleConfChange(change: ConfChange): ProposeResult {
    if (change.changes.length !== 1 || change.transition !== 'auto') violated('a single change has one part')
    return proposeEntries(this.#raft, [{ type: 'confChange', data: encodeConfChange(change) }])
  }

  /**
   * To be called for every applied entry of a `confChange` type, in order, with its index. An application that refuses the
   * change does not call it. Returns the membership that holds now, which snapshots from here on must contain. A change at
   * or below the index of a restored snapshot is part of that and is ignored.
   */
  applyConfChange(index: LogIndex, change: ConfChange): ConfState {
    return applyMembershipChange(this.#raft, index, change)
  }

  /** Asks for an index up to which the state machine must have applied before a read with `context` is linearizable. */
  readIndex(context: number): ReadIndexResult {
    return requestRead(this.#raft, context)
  }

  /** Asks that `target` becomes leader. */
  transferLeader(target: NodeId): TransferResult {
    return requestTransfer(this.#raft, target)
  }

  /** Makes a follower forget its leader. False: not allowed, because reads rest on the lease. */
  forgetLeader(): boolean {
    return forgetLeader(this.#raft)
  }

  /** Messages to `id` could not be delivered. */
  reportUnreachable(id: NodeId): void {
    reportUnreachable(this.#raft, id)
  }

  /** Must be called with the outcome of every snapshot that was sent: until then its receiver gets nothing else. */
  reportSnapshot(id: NodeId, delivered: boolean): void {
    reportSnapshot(this.#raft, id, delivered)
  }

  hasReady(): boolean {
    return hasReady(this.#raft, this.#handedOut)
  }

  /** Hands out what is to be done; it must be done. Without asynchronous storage writes `advance` must follow. */
  ready(): Ready {
    if (this.#stepsOnAdvance.length > 0) violated('asked for more to do before advance')
    const ready = collectReady(this.#raft, this.#handedOut)
    this.#stepsOnAdvance = acceptReady(this.#raft, ready)
    this.#handedOut = {
      softState: ready.softState ?? this.#handedOut.softState,
      hardState: ready.hardState ?? this.#handedOut.hardState,
    }
    return ready
  }

  /** The last `Ready` is done: stored, applied and sent. Only without asynchronous storage writes. */
  advance(): void {
    if (this.#raft.settings.asyncStorageWrites) violated('advance is not for asynchronous storage writes')
    const messages = this.#stepsOnAdvance
    this.#stepsOnAdvance = []
    for (const message of messages) stepAccepted(this.#raft, message)
  }

  status(): RaftStatus {
    return statusOf(this.#raft)
  }

  /** Replaces the drawn election timeout until it is drawn again. For scenarios that need a certain order of elections. */
  overrideElectionTimeout(ticks: number): void {
    this.#raft.randomizedElectionTimeoutTicks = ticks
  }
}
