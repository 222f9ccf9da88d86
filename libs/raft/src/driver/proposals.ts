import { RaftError } from '../core/errors.js'
import { type ProposeResult } from '../core/propose.js'
import { type Entry, type LogIndex, type NodeId, type Term } from '../core/types.js'
import { envelopeBytes, ownSequence, sealProposal } from './proposal-envelope.js'

/** Why a proposal was given back although it is harmless to make it again; or what the core said. */
export type ProposalDropReason = Extract<ProposeResult, { kind: 'dropped' }>['reason'] | NodeDropReason

/** `superseded`: another leader's entry took its place. `storage-stalled`: this node's disk does not answer. */
type NodeDropReason = 'queue-full' | 'superseded' | 'storage-stalled'

interface Proposal<Result> {
  readonly sequence: number
  readonly data: Uint8Array
  readonly resolve: (result: Result) => void
  readonly reject: (error: RaftError) => void
  deadlineTick: number
  /** Where this node's log had it, when this node led. Null before, and when it was passed on. */
  place: { readonly term: Term; readonly index: LogIndex } | null
}

export interface ProposalsOptions {
  readonly id: NodeId
  readonly incarnation: number
  /** Bound for the bytes of proposals that were not answered yet. One always fits. */
  readonly pendingBytesMax: number
}

/** Everybody who waits for what becomes of a command. */
export class Proposals<Result> {
  readonly #options: ProposalsOptions
  #lastSequence = 0
  #waiting: Proposal<Result>[] = []
  #pendingBytes = 0
  readonly #submitted = new Map<number, Proposal<Result>>()
  /** Those of `#submitted` that have a place. */
  readonly #byIndex = new Map<LogIndex, Proposal<Result>>()
  #whenSettled: (() => void)[] = []

  constructor(options: ProposalsOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#waiting.length + this.#submitted.size
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Takes a command in; it waits for `submit`. */
  add(command: Uint8Array, deadlineTick: number): Promise<Result> {
    const bytes = envelopeBytes + command.length
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > this.#options.pendingBytesMax) {
      return Promise.reject(dropped('queue-full'))
    }
    this.#lastSequence = (this.#lastSequence + 1) >>> 0
    const sequence = this.#lastSequence
    const { id: proposer, incarnation } = this.#options
    const data = sealProposal({ proposer, incarnation, sequence }, command)
    this.#pendingBytes += data.length
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sequence, data, resolve, reject, deadlineTick, place: null })
    })
  }

  /** Hands what waits to `propose`, in groups of about `groupBytesMax`, all of a group or nothing. */
  submit(groupBytesMax: number, propose: (payloads: readonly Uint8Array[]) => ProposeResult): void {
    while (this.#waiting.length > 0) {
      const group = firstGroup(this.#waiting, groupBytesMax)
      this.#submitGroup(group, propose)
      this.#waiting.splice(0, group.length)
    }
    this.#tellSettled()
  }

  /** The entry was applied here: whoever proposed it gets the result, and who lost its place to it hears that. */
  applied(entry: Entry, result: Result): void {
    this.superseded(entry)
    const sequence = ownSequence(entry.data, this.#options.id, this.#options.incarnation)
    const proposal = sequence === undefined ? undefined : this.#submitted.get(sequence)
    if (proposal === undefined) return
    this.#forget(proposal)
    proposal.resolve(result)
  }

  /** Some entry was applied: a proposal that had its index in another term was never applied and never will be. */
  superseded({ index, term }: Pick<Entry, 'index' | 'term'>): void {
    const holder = this.#byIndex.get(index)
    if (holder === undefined || holder.place?.term === term) return
    this.#forget(holder)
    holder.reject(dropped('superseded'))
  }

  /** The state machine was replaced by a snapshot that contains `index`: what happened up to there is not known here. */
  restoredTo(index: LogIndex): void {
    for (const proposal of [...this.#byIndex.values()]) {
      if (proposal.place !== null && proposal.place.index <= index) this.#giveUp(proposal)
    }
  }

  /** The leader that took them is lost: they may still be applied, but nobody sees to it. They wait until `deadlineTick`. */
  shortenDeadlines(deadlineTick: number): void {
    for (const proposal of this.#submitted.values()) {
      proposal.deadlineTick = Math.min(proposal.deadlineTick, deadlineTick)
    }
  }

  expire(tick: number): void {
    for (const proposal of [...this.#submitted.values()]) {
      if (proposal.deadlineTick <= tick) this.#giveUp(proposal)
    }
  }

  /** Nobody is answered any more. What was not submitted was certainly not applied, of the rest nothing is known. */
  failAll(code: 'RAFT_STOPPED' | 'RAFT_FAILED', cause?: unknown): void {
    for (const proposal of this.#waiting.splice(0)) {
      proposal.reject(new RaftError(code, 'Cannot propose: the node has stopped', { cause }))
    }
    for (const proposal of [...this.#submitted.values()]) this.#giveUp(proposal, cause)
    this.#pendingBytes = 0
    this.#tellSettled()
  }

  /** Resolves when nobody waits. */
  settled(): Promise<void> {
    if (this.count === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenSettled.push(resolve))
  }

  #submitGroup(group: readonly Proposal<Result>[], propose: (payloads: readonly Uint8Array[]) => ProposeResult): void {
    const result = propose(group.map(({ data }) => data))
    if (result.kind === 'dropped') {
      // The bound on uncommitted bytes may have room for some, if not for all.
      if (result.reason === 'uncommitted-bytes-exceeded' && group.length > 1) {
        for (const proposal of group) this.#submitGroup([proposal], propose)
        return
      }
      for (const proposal of group) {
        this.#forget(proposal)
        proposal.reject(dropped(result.reason))
      }
      return
    }
    group.forEach((proposal, at) => {
      if (result.kind === 'appended') {
        proposal.place = { term: result.term, index: result.index + at }
        this.#byIndex.set(proposal.place.index, proposal)
      }
      this.#submitted.set(proposal.sequence, proposal)
    })
  }

  #giveUp(proposal: Proposal<Result>, cause?: unknown): void {
    this.#forget(proposal)
    const message = 'Cannot say what became of a proposal: it may have been applied or may still be'
    proposal.reject(new RaftError('RAFT_OUTCOME_UNKNOWN', message, { cause }))
  }

  #forget(proposal: Proposal<Result>): void {
    this.#submitted.delete(proposal.sequence)
    this.#pendingBytes -= proposal.data.length
    const { place } = proposal
    if (place !== null && this.#byIndex.get(place.index) === proposal) this.#byIndex.delete(place.index)
    this.#tellSettled()
  }

  #tellSettled(): void {
    if (this.count === 0) for (const resolve of this.#whenSettled.splice(0)) resolve()
  }
}

function firstGroup<Result>(waiting: readonly Proposal<Result>[], bytesMax: number): readonly Proposal<Result>[] {
  let bytes = 0
  const end = waiting.findIndex(({ data }, at) => (bytes += data.length) > bytesMax && at > 0)
  return end < 0 ? waiting.slice() : waiting.slice(0, end)
}

/** The proposal was not applied and never will be. */
export function dropped(reason: ProposalDropReason): RaftError {
  return new RaftError('RAFT_PROPOSAL_DROPPED', `Cannot propose: ${reason}`, { reason })
}
