import { RaftError } from '../core/errors.js'
import { type RaftStatus } from '../core/status.js'
import { noNode, type ConfState, type EntryId, type LogIndex, type NodeId, type Term } from '../core/types.js'

interface Change {
  readonly term: Term
  readonly resolve: (confState: ConfState) => void
  readonly reject: (error: RaftError) => void
  readonly deadlineTick: number
}

/** Everybody who waits until a membership change takes effect. */
export class MembershipChanges {
  readonly #byIndex = new Map<LogIndex, Change>()

  add(place: { readonly term: Term; readonly index: LogIndex }, deadlineTick: number): Promise<ConfState> {
    return new Promise((resolve, reject) => {
      this.#byIndex.set(place.index, { term: place.term, resolve, reject, deadlineTick })
    })
  }

  /** The entry, a membership change, was applied, and `confState` holds now. */
  applied(entry: EntryId, confState: ConfState): void {
    this.superseded(entry)
    this.#byIndex.get(entry.index)?.resolve(confState)
    this.#byIndex.delete(entry.index)
  }

  /** Some entry was applied: a change that had its index in another term was never made and never will be. */
  superseded({ index, term }: EntryId): void {
    const change = this.#byIndex.get(index)
    if (change === undefined || change.term === term) return
    this.#byIndex.delete(index)
    change.reject(refused('superseded'))
  }

  expire(tick: number): void {
    for (const [index, change] of this.#byIndex) if (change.deadlineTick <= tick) this.#giveUp(index, change)
  }

  /** What a snapshot skipped, or a stop cut short, may have happened all the same. */
  failUpTo(last: LogIndex, cause?: unknown): void {
    for (const [index, change] of this.#byIndex) if (index <= last) this.#giveUp(index, change, cause)
  }

  #giveUp(index: LogIndex, change: Change, cause?: unknown): void {
    this.#byIndex.delete(index)
    const message = 'Cannot say what became of a membership change: it may have been made or may still be'
    change.reject(new RaftError('RAFT_OUTCOME_UNKNOWN', message, { cause }))
  }
}

/** The membership change was not made. */
export function refused(reason: string): RaftError {
  return new RaftError('RAFT_CHANGE_REFUSED', `Cannot change the membership: ${reason}`, { reason })
}

/** Who should lead instead: of the voters that were heard from, the one that lacks least. `noNode`: there is none. */
export function successorOf({ id, confState, progress }: RaftStatus, leaving: ReadonlySet<NodeId>): NodeId {
  let best: NodeId = noNode
  let bestMatch = -1
  for (const voter of confState.voters) {
    const known = progress.get(voter)
    if (voter === id || leaving.has(voter) || known?.recentActive !== true) continue
    if (known.match > bestMatch) {
      best = voter
      bestMatch = known.match
    }
  }
  return best
}
