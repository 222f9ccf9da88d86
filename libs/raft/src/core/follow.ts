import { type Message } from './message.js'
import { restoreSnapshot } from './restore.js'
import { type RaftState } from './raft-state.js'
import { send } from './send.js'

/** Whether only a leader sends this: then its sender leads the term. */
export function isFromLeader({ type }: Message): boolean {
  return type === 'Append' || type === 'Heartbeat' || type === 'Snapshot'
}

/** What anybody does who follows the sender. */
export function receiveFromLeader(raft: RaftState, message: Message): void {
  if (message.type === 'Append') receiveAppend(raft, message)
  else if (message.type === 'Heartbeat') receiveHeartbeat(raft, message)
  else receiveSnapshot(raft, message)
}

/** Entries of the leader. Whatever the answer says is durable when it leaves. */
function receiveAppend(raft: RaftState, message: Message): void {
  const { from, index, logTerm } = message
  if (index < raft.log.committed) {
    send(raft, { type: 'AppendResponse', to: from, index: raft.log.committed })
    return
  }
  const lastNew = raft.log.appendFrom({ term: logTerm, index }, message.entries, message.commit)
  if (lastNew !== undefined) {
    send(raft, { type: 'AppendResponse', to: from, index: lastNew })
    return
  }
  const end = Math.min(index, raft.log.lastIndex())
  const hint = raft.log.findConflictByTerm({ term: logTerm, index: end })
  send(raft, { type: 'AppendResponse', to: from, index, reject: true, rejectHint: hint.index, logTerm: hint.term })
}

function receiveHeartbeat(raft: RaftState, message: Message): void {
  raft.log.commitTo(message.commit)
  send(raft, { type: 'HeartbeatResponse', to: message.from, context: message.context })
}

/** Answers with the end of what is certain now, be the snapshot taken in or not. */
function receiveSnapshot(raft: RaftState, message: Message): void {
  const restored = message.snapshot !== null && restoreSnapshot(raft, message.snapshot)
  const index = restored ? raft.log.lastIndex() : raft.log.committed
  send(raft, { type: 'AppendResponse', to: message.from, index })
}
