import { type ConfState, type LogIndex, type NodeId } from './types.js'

/** State of an election: `won` and `lost` are final, whatever the missing votes say. */
export type VoteResult = 'pending' | 'lost' | 'won'

/** The voters of both halves of a joint configuration; `votersOutgoing` is empty when it is not joint. */
export type Voters = Pick<ConfState, 'voters' | 'votersOutgoing'>

/**
 * The highest index that a majority has acknowledged. No voters acknowledge everything (infinity): then the half of a
 * joint configuration that is empty does not hold the other one back.
 */
export function majorityIndex(voters: readonly NodeId[], acknowledged: (id: NodeId) => LogIndex): LogIndex {
  if (voters.length === 0) return Number.POSITIVE_INFINITY
  const indexes = voters.map(acknowledged)
  sortAscending(indexes)
  const majority = Math.floor(voters.length / 2) + 1
  return indexes[voters.length - majority] ?? 0
}

/** Committed in a joint configuration means committed in each half (thesis, section 4.3). */
export function jointIndex(voters: Voters, acknowledged: (id: NodeId) => LogIndex): LogIndex {
  return Math.min(majorityIndex(voters.voters, acknowledged), majorityIndex(voters.votersOutgoing, acknowledged))
}

/** Result of an election among `voters`; an id without a vote has not answered. No voters always elect. */
export function majorityVote(voters: readonly NodeId[], votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  if (voters.length === 0) return 'won'
  let granted = 0
  let missing = 0
  for (const id of voters) {
    const vote = votes.get(id)
    if (vote === undefined) missing++
    else if (vote) granted++
  }
  const majority = Math.floor(voters.length / 2) + 1
  if (granted >= majority) return 'won'
  return granted + missing >= majority ? 'pending' : 'lost'
}

/** An election in a joint configuration needs both halves; one lost half loses it. */
export function jointVote(voters: Voters, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const incoming = majorityVote(voters.voters, votes)
  const outgoing = majorityVote(voters.votersOutgoing, votes)
  if (incoming === outgoing) return incoming
  return incoming === 'lost' || outgoing === 'lost' ? 'lost' : 'pending'
}

/** Insertion sort: there are a handful of voters, and this runs for every acknowledgement. */
function sortAscending(indexes: LogIndex[]): void {
  for (let end = 1; end < indexes.length; end++) {
    const value = indexes[end] ?? 0
    let at = end
    for (; at > 0 && (indexes[at - 1] ?? 0) > value; at--) indexes[at] = indexes[at - 1] ?? 0
    indexes[at] = value
  }
}
