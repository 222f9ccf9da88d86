import { decodeConfChange } from '../core/conf-change.js'
import { createMessage, type Message, type MessageType } from '../core/message.js'
import { type Ready, type StorageAppend, type StorageApply } from '../core/ready.js'
import {
  appendThread,
  applyThread,
  noNode,
  type Entry,
  type EntryType,
  type HardState,
  type NodeId,
  type Role,
  type Snapshot,
  type SoftState,
} from '../core/types.js'
import { describeChanges, describeConfState } from './describe-membership.js'
import { quoteBytes } from './text.js'

/** A message as the scenario files print it: with the two kinds of storage work, which are no messages here. */
export interface PrintedMessage extends Omit<Message, 'type'> {
  readonly name: string
  readonly vote: NodeId
  readonly responses: readonly PrintedMessage[]
}

export const messageNames: Readonly<Record<MessageType, string>> = {
  Propose: 'MsgProp',
  Append: 'MsgApp',
  AppendResponse: 'MsgAppResp',
  PreVote: 'MsgPreVote',
  PreVoteResponse: 'MsgPreVoteResp',
  Vote: 'MsgVote',
  VoteResponse: 'MsgVoteResp',
  Snapshot: 'MsgSnap',
  Heartbeat: 'MsgHeartbeat',
  HeartbeatResponse: 'MsgHeartbeatResp',
  TransferLeader: 'MsgTransferLeader',
  TimeoutNow: 'MsgTimeoutNow',
  ReadIndex: 'MsgReadIndex',
  ReadIndexResponse: 'MsgReadIndexResp',
  StorageAppendResponse: 'MsgStorageAppendResp',
  StorageApplyResponse: 'MsgStorageApplyResp',
}

export const roleNames: Readonly<Record<Role, string>> = {
  follower: 'StateFollower',
  preCandidate: 'StatePreCandidate',
  candidate: 'StateCandidate',
  leader: 'StateLeader',
}

const entryNames: Readonly<Record<EntryType, string>> = {
  normal: 'EntryNormal',
  confChange: 'EntryConfChange',
  confChangeV2: 'EntryConfChangeV2',
}

export function printed(message: Message): PrintedMessage {
  return { ...message, name: messageNames[message.type], vote: noNode, responses: [] }
}

/** A storage write carries the hard state in the fields of a message. */
export function printedAppend(id: NodeId, work: StorageAppend): PrintedMessage {
  const { hardState, entries, snapshot } = work
  const base = createMessage({ type: 'Append', from: id, to: appendThread, entries, snapshot })
  return {
    ...base,
    name: 'MsgStorageAppend',
    term: hardState?.term ?? 0,
    vote: hardState?.vote ?? noNode,
    commit: hardState?.commit ?? 0,
    responses: work.responses.map(printed),
  }
}

export function printedApply(id: NodeId, work: StorageApply): PrintedMessage {
  const base = createMessage({ type: 'Append', from: id, to: applyThread, entries: work.entries })
  return { ...base, name: 'MsgStorageApply', vote: noNode, responses: work.responses.map(printed) }
}

export function describeReady(id: NodeId, ready: Ready): string {
  const messages = ready.messages.map(printed)
  if (ready.storageAppend !== null) messages.push(printedAppend(id, ready.storageAppend))
  if (ready.storageApply !== null) messages.push(printedApply(id, ready.storageApply))
  let text = ''
  if (ready.softState !== null) text += `${describeSoftState(ready.softState)}\n`
  if (ready.hardState !== null) text += `HardState ${describeHardState(ready.hardState)}\n`
  if (ready.readStates.length > 0) {
    text += `ReadStates ${ready.readStates.map(({ index, context }) => `${context}@${index}`).join(' ')}\n`
  }
  if (ready.entries.length > 0) text += `Entries:\n${describeEntries(ready.entries)}`
  if (ready.snapshot !== null) text += `Snapshot ${describeSnapshot(ready.snapshot)}\n`
  if (ready.committedEntries.length > 0) text += `CommittedEntries:\n${describeEntries(ready.committedEntries)}`
  if (messages.length > 0) text += `Messages:\n${messages.map((one) => `${describeMessage(one)}\n`).join('')}`
  return text === '' ? '<empty Ready>' : `Ready MustSync=${ready.mustSync}:\n${text}`
}

export function describeMessage(message: PrintedMessage, indent = ''): string {
  const { from, to, name, term, logTerm, index } = message
  let text = `${indent}${describeTarget(from)}->${describeTarget(to)} ${name} Term:${term} Log:${logTerm}/${index}`
  if (message.reject) text += ` Rejected (Hint: ${message.rejectHint})`
  if (message.commit !== 0) text += ` Commit:${message.commit}`
  if (message.vote !== noNode) text += ` Vote:${message.vote}`
  if (message.context !== 0) text += ` Context:${message.context}`
  if (message.knownCommit !== null) text += ` Known:${message.knownCommit.term}/${message.knownCommit.index}`
  const [first] = message.entries
  if (message.entries.length === 1 && first !== undefined) {
    text += ` Entries:[${describeEntry(first)}]`
  } else if (message.entries.length > 1) {
    const lines = message.entries.map((entry) => `\n${indent}  ${describeEntry(entry)}`)
    text += ` Entries:[${lines.join('')}\n${indent}]`
  }
  if (message.snapshot !== null && message.snapshot.index > 0) {
    text += `\n${indent}  Snapshot: ${describeSnapshot(message.snapshot)}`
  }
  if (message.responses.length === 0) return text
  const responses = message.responses.map((one) => `\n${describeMessage(one, `${indent}  `)}`)
  return `${text} Responses:[${responses.join('')}\n${indent}]`
}

export function describeEntries(entries: readonly Entry[]): string {
  return entries.map((entry) => `${describeEntry(entry)}\n`).join('')
}

export function describeEntry({ term, index, type, data }: Entry): string {
  const content = type === 'normal' ? quoteBytes(data) : describeChanges(decodeConfChange(data).changes)
  return `${term}/${index} ${entryNames[type]}${content === '' ? '' : ` ${content}`}`
}

export function describeTarget(id: NodeId): string {
  if (id === noNode) return 'None'
  if (id === appendThread) return 'AppendThread'
  if (id === applyThread) return 'ApplyThread'
  return id.toString(16)
}

function describeSnapshot({ index, term, confState }: Snapshot): string {
  return `Index:${index} Term:${term} ConfState:${describeConfState(confState)}`
}

function describeHardState({ term, vote, commit }: HardState): string {
  return `Term:${term}${vote === noNode ? '' : ` Vote:${vote}`} Commit:${commit}`
}

function describeSoftState({ leader, role }: SoftState): string {
  return `Lead:${leader} State:${roleNames[role]}`
}
