import { type ConfChange } from './conf-change.js'
import { type MembershipRefusal } from './membership.js'
import { type ConfState, type EntryId, type LogIndex, type NodeId, type Term } from './types.js'

/** Why a proposed membership change became an empty entry: one is under way, or it does not fit the configuration. */
export type ConfChangeRefusal = 'change-pending' | MembershipRefusal

/** Why nothing came of a proposal. All but `uncommitted-bytes-exceeded` say that another node or moment may do better. */
export type DropReason =
  | 'no-leader'
  | 'forwarding-disabled'
  | 'transfer-in-progress'
  | 'not-a-member'
  | 'uncommitted-bytes-exceeded'
  | 'leader-would-leave'
  | 'malformed-proposal'

/** Why a vote was not even considered, or was denied. */
export interface VoteEvent {
  readonly preVote: boolean
  readonly candidate: NodeId
  readonly candidateLast: EntryId
  readonly last: EntryId
  readonly vote: NodeId
}

/**
 * What happened inside a step, for logs, metrics and scenarios. Nothing depends on it: a node without a trace behaves the
 * same. The events are those from which the protocol's decisions can be followed.
 */
export type TraceEvent =
  | { readonly kind: 'became-follower'; readonly term: Term }
  | { readonly kind: 'became-pre-candidate'; readonly term: Term }
  | { readonly kind: 'became-candidate'; readonly term: Term }
  | { readonly kind: 'became-leader'; readonly term: Term }
  | ({ readonly kind: 'vote-cast'; readonly term: Term } & VoteEvent)
  | ({ readonly kind: 'vote-rejected'; readonly term: Term } & VoteEvent)
  | ({ readonly kind: 'vote-ignored-by-lease'; readonly term: Term; readonly remainingTicks: number } & VoteEvent)
  | { readonly kind: 'quorum-lost' }
  | { readonly kind: 'campaign-refused'; readonly term: Term; readonly reason: CampaignRefusal }
  | { readonly kind: 'proposal-dropped'; readonly term: Term; readonly leader: NodeId; readonly reason: DropReason }
  | ({
      readonly kind: 'conf-change-ignored'
      readonly change: ConfChange
      readonly confState: ConfState
    } & RefusalDetail)
  | { readonly kind: 'conf-switched'; readonly confState: ConfState }
  | { readonly kind: 'conf-change-stale'; readonly index: LogIndex; readonly restoredIndex: LogIndex }
  | { readonly kind: 'auto-leave-started'; readonly confState: ConfState }
  | { readonly kind: 'hand-over-started'; readonly to: NodeId }
  | { readonly kind: 'transfer-started'; readonly term: Term; readonly to: NodeId }
  | { readonly kind: 'leader-forgotten'; readonly term: Term; readonly leader: NodeId }
  | {
      readonly kind: 'snapshot-restored'
      readonly snapshot: EntryId
      readonly commit: LogIndex
      readonly last: EntryId
    }
  | { readonly kind: 'snapshot-ignored'; readonly snapshot: EntryId; readonly commit: LogIndex }
  | { readonly kind: 'stale-append-ignored'; readonly term: Term; readonly messageTerm: Term }
  | { readonly kind: 'unstable-missing'; readonly index: LogIndex }
  | { readonly kind: 'unstable-mismatched'; readonly stable: EntryId; readonly term: Term }

/** Why a node that should campaign does not: it may not lead, or it may be counting votes in the wrong group. */
export type CampaignRefusal = 'not-promotable' | 'unapplied-conf-change'

/** Why a proposed change was ignored, with what a reader needs to see it. */
export interface RefusalDetail {
  readonly reason: ConfChangeRefusal
  readonly pendingIndex: LogIndex
  readonly appliedIndex: LogIndex
}

/** Takes events in, at once and in order. It must not call back into the node. */
export type TraceSink = (event: TraceEvent) => void
