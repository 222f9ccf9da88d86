import { createMessage, type Message } from './message.js'
import { type RaftState } from './raft-state.js'
import { broadcastHeartbeat } from './replication.js'
import { forward, send } from './send.js'
import { isSingleton } from './tracker.js'
import { noNode, type LogIndex } from './types.js'

/** `no-leader`: ask again later. `accepted` is no promise: the request or its answer may be lost on the way. */
export type ReadIndexResult = { readonly kind: 'accepted' } | { readonly kind: 'dropped'; readonly reason: 'no-leader' }

const accepted: ReadIndexResult = { kind: 'accepted' }

/** Takes a read of this node's own application; its answer appears among the read states of a `Ready`. */
export function requestRead(raft: RaftState, context: number): ReadIndexResult {
  return receiveRead(raft, createMessage({ type: 'ReadIndex', to: raft.leader, context }))
}

/** Takes a read from here or from a follower, or passes it on to the leader. */
export function receiveRead(raft: RaftState, request: Message): ReadIndexResult {
  if (raft.role === 'leader') {
    readAsLeader(raft, request)
    return accepted
  }
  if (raft.role !== 'follower' || raft.leader === noNode) return { kind: 'dropped', reason: 'no-leader' }
  forward(raft, request)
  return accepted
}

/**
 * Until something of its own term is committed a leader may not know the newest commit index, be it alone or not
 * (thesis, section 6.4; etcd#7331, raft#105).
 */
function readAsLeader(raft: RaftState, request: Message): void {
  if (hasCommittedInTerm(raft)) startRead(raft, request)
  else raft.postponedReads.push(request)
}

/** To be called when the commit index of a leader moved. */
export function releasePostponedReads(raft: RaftState): void {
  if (raft.postponedReads.length === 0 || !hasCommittedInTerm(raft)) return
  const requests = raft.postponedReads
  raft.postponedReads = []
  for (const request of requests) startRead(raft, request)
}

/** Answers all reads that a quorum has confirmed by now. */
export function answerConfirmedReads(raft: RaftState): void {
  for (const { request, index } of raft.reads.takeConfirmed(raft.tracker.confState)) answer(raft, request, index)
}

/** An answer of the leader to a read of this node. */
export function receiveReadAnswer(raft: RaftState, { index, context }: Message): void {
  raft.readStates.push({ index, context })
}

function startRead(raft: RaftState, request: Message): void {
  const index = raft.log.committed
  if (isAloneHere(raft) || (raft.settings.readMode === 'lease' && !raft.leaseGivenUp)) {
    answer(raft, request, index)
    return
  }
  raft.reads.add({ request, index })
  raft.reads.acknowledge(raft.id, raft.reads.heartbeatContext)
  broadcastHeartbeat(raft)
  answerConfirmedReads(raft)
}

function isAloneHere(raft: RaftState): boolean {
  return isSingleton(raft.tracker) && raft.tracker.confState.voters[0] === raft.id
}

function answer(raft: RaftState, { from, context }: Message, index: LogIndex): void {
  if (from === noNode || from === raft.id) raft.readStates.push({ index, context })
  else send(raft, { type: 'ReadIndexResponse', to: from, index, context })
}

function hasCommittedInTerm(raft: RaftState): boolean {
  return raft.log.term(raft.log.committed) === raft.term
}
