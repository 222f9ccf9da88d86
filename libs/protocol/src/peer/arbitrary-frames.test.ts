import { createMessage, type ConfState, type Entry, type Message, type MessageType, type Snapshot } from '@walrus/raft'
import fc from 'fast-check'
import type { PeerFrame } from './peer-frames.js'

export const PEER_MESSAGE_TYPES = [
  'Propose',
  'Append',
  'AppendResponse',
  'PreVote',
  'PreVoteResponse',
  'Vote',
  'VoteResponse',
  'Snapshot',
  'Heartbeat',
  'HeartbeatResponse',
  'TransferLeader',
  'TimeoutNow',
  'ReadIndex',
  'ReadIndexResponse',
] as const satisfies readonly MessageType[]

const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u64 = fc.maxSafeNat()
const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const data = fc.uint8Array({ maxLength: 40 })
const text = fc.string({ maxLength: 30, unit: 'binary' })
const clusterId = fc.string({ maxLength: 64 }).map((any) => any.replaceAll(' ', '_'))

const members = fc.uniqueArray(id, { maxLength: 4 }).map((ids) => ids.sort((left, right) => left - right))
const confState: fc.Arbitrary<ConfState> = fc.record({
  voters: members,
  votersOutgoing: members,
  learners: members,
  learnersNext: members,
  autoLeave: fc.boolean(),
})
const snapshot: fc.Arbitrary<Snapshot> = fc.record({ index: u64, term: u64, confState, data })
const entry: fc.Arbitrary<Entry> = fc.record({
  term: u64,
  index: u64,
  type: fc.constantFrom('normal', 'confChange', 'confChangeV2'),
  data,
})

/** Any message of that type, whether it makes sense or not. */
export function anyMessage(type: MessageType): fc.Arbitrary<Message> {
  const fields = fc.record({
    from: id,
    to: id,
    term: u64,
    logTerm: u64,
    index: u64,
    commit: u64,
    entries: fc.array(entry, { maxLength: 4 }),
    snapshot: fc.option(snapshot),
    reject: fc.boolean(),
    rejectHint: u64,
    context: u64,
    knownCommit: fc.option(fc.record({ term: u64, index: u64 })),
    transfer: fc.boolean(),
  })
  return fields.map((values) => createMessage({ type, ...values }))
}

const frameArbitraries: { readonly [Kind in PeerFrame['kind']]: fc.Arbitrary<Extract<PeerFrame, { kind: Kind }>> } = {
  hello: fc.record({
    kind: fc.constant('hello'),
    purpose: fc.constantFrom('raft', 'bulk', 'request'),
    nodeId: u64,
    expectedNodeId: u64,
    clusterId,
  }),
  welcome: fc.record({ kind: fc.constant('welcome'), nodeId: u64, clusterId }),
  refusal: fc.record({
    kind: fc.constant('refusal'),
    cause: fc.constantFrom('version', 'cluster', 'node', 'busy'),
    reason: text,
  }),
  ping: fc.record({ kind: fc.constant('ping'), sequence: u32 }),
  pong: fc.record({ kind: fc.constant('pong'), sequence: u32 }),
  raft: fc.record({ kind: fc.constant('raft'), message: fc.constantFrom(...PEER_MESSAGE_TYPES).chain(anyMessage) }),
  snapshotBegin: fc.record({
    kind: fc.constant('snapshotBegin'),
    transferId: u32,
    totalBytes: u64,
    checksum: u32,
    message: anyMessage('Snapshot'),
  }),
  snapshotChunk: fc.record({ kind: fc.constant('snapshotChunk'), transferId: u32, offsetBytes: u64, bytes: data }),
  snapshotResult: fc.record({
    kind: fc.constant('snapshotResult'),
    transferId: u32,
    outcome: fc.constantFrom('taken', 'checksum', 'too-large', 'busy', 'disorder'),
  }),
  request: fc.record({ kind: fc.constant('request'), id: u32, requestKind: u16, timeoutMs: u32, payload: data }),
  answer: fc.record({ kind: fc.constant('answer'), id: u32, payload: data }),
  failure: fc.record({ kind: fc.constant('failure'), id: u32, code: text, message: text }),
}

/** Any frame of any kind. */
export const anyFrame: fc.Arbitrary<PeerFrame> = fc.oneof(...Object.values(frameArbitraries))
