import { type InflightLimits } from './inflights.js'
import { type Membership } from './membership.js'
import { isPaused, type Progress, type ProgressState } from './progress.js'
import { jointIndex, jointVote, type VoteResult } from './quorum.js'
import { emptyConfState, type ConfState, type LogIndex, type NodeId } from './types.js'

/** The active configuration with everything that is counted in it: acknowledged entries and votes. */
export interface Tracker {
  confState: ConfState
  progress: ReadonlyMap<NodeId, Progress>
  /** The keys of `progress`, ascending: whatever goes to all goes in this order, so that a run can be repeated. */
  memberIds: readonly NodeId[]
  /** First answers to the election that runs. */
  readonly votes: Map<NodeId, boolean>
  readonly limits: InflightLimits
}

export function createTracker(limits: InflightLimits): Tracker {
  return { confState: emptyConfState, progress: new Map(), memberIds: [], votes: new Map(), limits }
}

export function useMembership(tracker: Tracker, { confState, progress }: Membership): void {
  tracker.confState = confState
  tracker.progress = progress
  tracker.memberIds = [...progress.keys()].sort((left, right) => left - right)
}

/** The highest index that the voters, as far as they answered, hold. */
export function committedIndex(tracker: Tracker): LogIndex {
  return jointIndex(tracker.confState, (id) => tracker.progress.get(id)?.match ?? 0)
}

/** Whether a quorum was heard from since the last check. Learners do not count. */
export function quorumIsActive(tracker: Tracker): boolean {
  const active = new Map<NodeId, boolean>()
  for (const [id, progress] of tracker.progress) {
    if (!progress.isLearner) active.set(id, progress.recentActive)
  }
  return jointVote(tracker.confState, active) === 'won'
}

/** The first answer of a member counts; whatever it says later in the same election is a duplicate. */
export function recordVote(tracker: Tracker, id: NodeId, granted: boolean): void {
  if (!tracker.votes.has(id)) tracker.votes.set(id, granted)
}

export function electionResult(tracker: Tracker): VoteResult {
  return jointVote(tracker.confState, tracker.votes)
}

export function isSingleton({ confState }: Tracker): boolean {
  return confState.voters.length === 1 && confState.votersOutgoing.length === 0
}

/** The voters of both halves, ascending, each once. */
export function voterIds({ voters, votersOutgoing }: ConfState): readonly NodeId[] {
  if (votersOutgoing.length === 0) return voters
  return [...new Set([...voters, ...votersOutgoing])].sort((left, right) => left - right)
}

/** What a leader knows about a member, copied for reading. */
export interface ProgressStatus {
  readonly state: ProgressState
  readonly match: LogIndex
  readonly next: LogIndex
  readonly pendingSnapshot: LogIndex
  readonly recentActive: boolean
  readonly paused: boolean
  readonly isLearner: boolean
  readonly inflightCount: number
  readonly inflightFull: boolean
}

export function progressStatus(progress: Progress): ProgressStatus {
  return {
    state: progress.state,
    match: progress.match,
    next: progress.next,
    pendingSnapshot: progress.pendingSnapshot,
    recentActive: progress.recentActive,
    paused: isPaused(progress),
    isLearner: progress.isLearner,
    inflightCount: progress.inflights.count,
    inflightFull: progress.inflights.full,
  }
}
