import { createMessage, mustFollowStorage, type Message, type MessageDraft } from './message.js'
import { violated } from './invariant.js'
import { type RaftState } from './raft-state.js'

/**
 * Queues a message from this node in its term. What promises something durable waits for storage (`mustFollowStorage`),
 * everything else leaves at once.
 */
export function send(raft: RaftState, draft: MessageDraft): void {
  queue(raft, createMessage(draft, raft.id, draft.term ?? raft.term))
}

/** Passes a message of somebody else on to the leader. Proposals and reads belong to no term. */
export function forward(raft: RaftState, message: Message): void {
  const term = message.type === 'TransferLeader' ? raft.term : 0
  queue(raft, { ...message, from: message.from === 0 ? raft.id : message.from, to: raft.leader, term })
}

function queue(raft: RaftState, message: Message): void {
  if (mustFollowStorage(message.type)) {
    raft.outboxAfterAppend.push(message)
    return
  }
  if (message.to === raft.id) violated(`${message.type} to itself`)
  raft.outbox.push(message)
}
