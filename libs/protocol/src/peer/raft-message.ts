import { WalrusError } from '@walrus/core'
import type { Entry, EntryId, EntryType, Message, MessageType } from '@walrus/raft'
import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'
import type { PeerFrameCodec } from './peer-frame-codec.js'
import { readRaftSnapshot, writeRaftSnapshot } from './raft-snapshot.js'

/*
 * One message of Raft, with all of its fields (spec/peer-format.md).
 *
 *   raft         ┌────────────────┬──────────┬────────────────┬────────────────┐
 *                │ messageType u8 │ flags u8 │ from u64       │ to u64         │
 *                ├────────────────┴──────────┼────────────────┼────────────────┤
 *                │ term u64                  │ logTerm u64    │ index u64      │
 *                ├───────────────────────────┼────────────────┼────────────────┤
 *                │ commit u64                │ rejectHint u64 │ context u64    │
 *                └───────────────────────────┴────────────────┴────────────────┘
 *   flag 4       ┌─────────────────────┬──────────────────────┐
 *                │ knownCommitTerm u64 │ knownCommitIndex u64 │
 *                └─────────────────────┴──────────────────────┘
 *   flag 8       ┌────────────────────────┐
 *                │ snapshot               │
 *                └────────────────────────┘
 *   always       ┌────────────────┐
 *                │ entryCount u32 │
 *                └────────────────┘
 *   entryCount   ┌──────────┬───────────┬──────────────┬───────────────┬─────────────────┐
 *   times        │ term u64 │ index u64 │ entryType u8 │ dataBytes u32 │ dataBytes bytes │
 *                └──────────┴───────────┴──────────────┴───────────────┴─────────────────┘
 */

/** A message of Raft between two members. */
export interface RaftFrame {
  readonly kind: 'raft'
  readonly message: Message
}

export const raft: PeerFrameCodec<RaftFrame> = {
  type: 0x10,
  write: ({ message }, output) => writeRaftMessage(message, output),
  read: (input) => ({ kind: 'raft', message: readRaftMessage(input) }),
}

/** Throws `INVALID_ARGUMENT` for what only a node's own storage says. */
export function writeRaftMessage(message: Message, output: ByteWriter): void {
  output.u8(numberOfType(message.type))
  output.u8(flagsOf(message))
  for (const field of [message.from, message.to, message.term, message.logTerm, message.index]) output.u64(field)
  for (const field of [message.commit, message.rejectHint, message.context]) output.u64(field)
  if (message.knownCommit !== null) writeEntryId(message.knownCommit, output)
  if (message.snapshot !== null) writeRaftSnapshot(message.snapshot, output)
  output.u32(message.entries.length)
  for (const entry of message.entries) writeEntry(entry, output)
}

/** Data of entries and snapshot are views of the input. */
export function readRaftMessage(input: ByteReader): Message {
  const type = readMessageType(input)
  const flags = input.u8()
  if ((flags & ~ALL_FLAGS) !== 0) input.fail('range')
  return {
    type,
    from: input.id(),
    to: input.id(),
    term: input.u64(),
    logTerm: input.u64(),
    index: input.u64(),
    commit: input.u64(),
    rejectHint: input.u64(),
    context: input.u64(),
    reject: (flags & FLAG_REJECT) !== 0,
    transfer: (flags & FLAG_TRANSFER) !== 0,
    knownCommit: (flags & FLAG_KNOWN_COMMIT) === 0 ? null : readEntryId(input),
    snapshot: (flags & FLAG_SNAPSHOT) === 0 ? null : readRaftSnapshot(input),
    entries: readEntries(input),
  }
}

type PeerMessageType = Exclude<MessageType, 'StorageAppendResponse' | 'StorageApplyResponse'>

const TYPE_NUMBERS: Readonly<Record<PeerMessageType, number>> = {
  Propose: 1,
  Append: 2,
  AppendResponse: 3,
  PreVote: 4,
  PreVoteResponse: 5,
  Vote: 6,
  VoteResponse: 7,
  Snapshot: 8,
  Heartbeat: 9,
  HeartbeatResponse: 10,
  TransferLeader: 11,
  TimeoutNow: 12,
  ReadIndex: 13,
  ReadIndexResponse: 14,
}
const typesByNumber = new Map(Object.entries(TYPE_NUMBERS).map(([type, number]) => [number, type as MessageType]))
const numbersByType: ReadonlyMap<string, number> = new Map(Object.entries(TYPE_NUMBERS))
const ENTRY_TYPES: readonly EntryType[] = ['normal', 'confChange', 'confChangeV2']
const ENTRY_BYTES_MIN = 21
const FLAG_REJECT = 1
const FLAG_TRANSFER = 2
const FLAG_KNOWN_COMMIT = 4
const FLAG_SNAPSHOT = 8
const ALL_FLAGS = 15

function numberOfType(type: MessageType): number {
  const number = numbersByType.get(type)
  if (number !== undefined) return number
  throw new WalrusError('INVALID_ARGUMENT', `Cannot encode message "${type}": it belongs to one node alone`)
}

function readMessageType(input: ByteReader): MessageType {
  const type = typesByNumber.get(input.u8())
  if (type === undefined) input.fail('range')
  return type ?? 'Heartbeat'
}

function flagsOf({ reject, transfer, knownCommit, snapshot }: Message): number {
  return (
    (reject ? FLAG_REJECT : 0) |
    (transfer ? FLAG_TRANSFER : 0) |
    (knownCommit === null ? 0 : FLAG_KNOWN_COMMIT) |
    (snapshot === null ? 0 : FLAG_SNAPSHOT)
  )
}

function writeEntryId({ term, index }: EntryId, output: ByteWriter): void {
  output.u64(term)
  output.u64(index)
}

function readEntryId(input: ByteReader): EntryId {
  return { term: input.u64(), index: input.u64() }
}

function writeEntry({ term, index, type, data }: Entry, output: ByteWriter): void {
  output.u64(term)
  output.u64(index)
  output.u8(ENTRY_TYPES.indexOf(type))
  output.u32(data.length)
  output.bytes(data)
}

function readEntries(input: ByteReader): readonly Entry[] {
  const entries: Entry[] = []
  for (let left = input.count(ENTRY_BYTES_MIN); left > 0 && input.fault === undefined; left--) {
    entries.push(readEntry(input))
  }
  return entries
}

function readEntry(input: ByteReader): Entry {
  const term = input.u64()
  const index = input.u64()
  const type = ENTRY_TYPES[input.u8()]
  if (type === undefined) input.fail('range')
  return { term, index, type: type ?? 'normal', data: input.bytes(input.u32()) }
}
