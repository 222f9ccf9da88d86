import { DEFAULT_TOPIC_CONFIG, type TopicConfig } from '@walrus/core'
import fc from 'fast-check'
import type { AdminOperationName, AdminParameters, AdminReply, AdminResult } from './admin/admin-operations.js'
import type { BinaryCommandName, BinaryReplyOf, BinaryRequest, BinaryRequestOf } from './commands.js'

const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u64 = fc.maxSafeNat()
const ordinal = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const data = fc.uint8Array({ maxLength: 40 })
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/)
const bounds = { maxEntries: u32, maxBytes: u32, maxWaitMs: u32 }
const config: fc.Arbitrary<TopicConfig> = fc.record({
  segmentEntriesMax: ordinal,
  segmentBytesMax: ordinal,
  segmentAgeMsMax: u64,
  retentionMs: u64,
  retentionBytes: u64,
  replicationFactor: fc.integer({ min: 1, max: 16 }),
  ack: fc.constantFrom('leader', 'quorum', 'all'),
})
const change = fc
  .subarray(Object.keys(DEFAULT_TOPIC_CONFIG) as (keyof TopicConfig)[])
  .chain((keys) => config.map((whole) => Object.fromEntries(keys.map((key) => [key, whole[key]]))))
const nodes = fc.array(ordinal, { maxLength: 3 })
const state = fc.constantFrom('open', 'recovering', 'sealed')

/** What is undefined is absent in JSON. */
function asRead<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return arbitrary.map((value) => JSON.parse(JSON.stringify(value)) as Value)
}

/** A record some of whose fields may be undefined, as an absent one is read. */
function withUnknown<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.option(arbitrary, { nil: undefined })
}

const parameters: { readonly [N in AdminOperationName]: fc.Arbitrary<AdminParameters<N>> } = {
  'topic.list': fc.record({ after: withUnknown(name), limit: withUnknown(fc.integer({ min: 1, max: 1000 })) }),
  'topic.describe': fc.record({
    topic: name,
    fromSegment: withUnknown(ordinal),
    limit: withUnknown(fc.integer({ min: 1, max: 1000 })),
  }),
  'topic.create': fc.record({ topic: name, config: withUnknown(change) }),
  'topic.configure': fc.record({ topic: name, config: change }),
  'topic.delete': fc.record({ topic: name }),
  'topic.roll': fc.record({ topic: name }),
  'topic.seal': fc.record({ topic: name, force: fc.constant(true) }),
  'cluster.status': fc.constant({}),
  'cluster.drain': fc.record({ node: ordinal, draining: fc.boolean() }),
  'cluster.remove': fc.record({ node: ordinal, timeoutMs: fc.integer({ min: 1, max: 3_600_000 }) }),
}

const segment = fc.record({
  id: ordinal,
  baseOffset: u64,
  entryCount: u64,
  state,
  leader: ordinal,
  replicas: nodes,
  epoch: ordinal,
  ackQuorum: ordinal,
})
const summary = fc.record({
  topic: name,
  segmentCount: ordinal,
  firstOffset: u64,
  sealedOffset: u64,
  leader: ordinal,
  replicas: nodes,
  state,
})
const nodeStatus = fc.record({
  id: ordinal,
  address: fc.string({ maxLength: 20 }),
  clientAddress: withUnknown(fc.string({ maxLength: 20 })),
  role: fc.constantFrom('voter', 'learner'),
  raftRole: withUnknown(fc.constantFrom('Learner', 'Follower', 'Candidate', 'Leader', 'Shutdown')),
  term: withUnknown(u64),
  draining: fc.boolean(),
  live: withUnknown(fc.boolean()),
  ready: withUnknown(fc.boolean()),
  diskFull: withUnknown(fc.boolean()),
  segmentsLed: u64,
  replicas: u64,
  lag: withUnknown(u64),
})

const results: { readonly [N in AdminOperationName]: fc.Arbitrary<AdminResult<N>> } = {
  'topic.list': fc.record({ topics: fc.array(summary, { maxLength: 3 }), more: fc.boolean() }),
  'topic.describe': fc.record({
    topic: name,
    config,
    firstOffset: u64,
    highWatermark: u64,
    segmentCount: ordinal,
    segments: fc.array(segment, { maxLength: 3 }),
    more: fc.boolean(),
    cursors: withUnknown(fc.array(fc.record({ cursor: fc.string({ maxLength: 9 }), offset: u64 }), { maxLength: 3 })),
  }),
  'topic.create': fc.record({ created: fc.boolean() }),
  'topic.configure': fc.record({ config }),
  'topic.delete': fc.record({ topic: name }),
  'topic.roll': fc.record({ segment: ordinal, leader: ordinal }),
  'topic.seal': fc.record({ segment: ordinal, entryCount: u64, unheardReplicas: nodes }),
  'cluster.status': fc.record({
    answeredBy: ordinal,
    term: u64,
    leader: withUnknown(ordinal),
    topicCount: u64,
    nodes: fc.array(nodeStatus, { maxLength: 3 }),
  }),
  'cluster.drain': fc.record({ node: ordinal, draining: fc.boolean(), segmentsLed: u64 }),
  'cluster.remove': fc.record({ node: ordinal }),
}

const operations = Object.keys(parameters) as AdminOperationName[]

const requests: { readonly [N in BinaryCommandName]: fc.Arbitrary<BinaryRequestOf<N>> } = {
  ping: fc.constant({ command: 'ping' }),
  append: fc.record({
    command: fc.constant('append'),
    topic: name,
    producer: withUnknown(fc.record({ id: ordinal, sequence: u64 })),
    entries: fc.array(data, { minLength: 1, maxLength: 5 }),
  }),
  fetch: fc.record({ command: fc.constant('fetch'), topic: name, offset: u64, ...bounds }),
  next: fc.record({ command: fc.constant('next'), topic: name, cursor: name, ...bounds }),
  moveCursor: fc.record({
    command: fc.constant('moveCursor'),
    topic: name,
    cursor: name,
    move: fc.constantFrom('seek', 'commit'),
    offset: u64,
  }),
  admin: fc.constantFrom(...operations).chain(
    (operation) =>
      fc.record({
        command: fc.constant('admin'),
        operation: fc.constant(operation),
        parameters: asRead<unknown>(parameters[operation]),
      }) as fc.Arbitrary<BinaryRequestOf<'admin'>>,
  ),
}

const entriesReply = fc.record({
  firstOffset: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 10 }),
  highWatermark: u64,
  data: fc.array(fc.record({ timestampMs: u64, data }), { maxLength: 5 }),
})
const entries = entriesReply.map(({ firstOffset, highWatermark, data: list }) => ({
  firstOffset,
  highWatermark,
  entries: list.map((entry, at) => ({ offset: firstOffset + at, ...entry })),
}))

/** Any reply of that command. */
export const binaryReplies: { readonly [N in BinaryCommandName]: fc.Arbitrary<BinaryReplyOf<N>> } = {
  ping: fc.constant({ kind: 'pong' }),
  append: fc.record({ firstOffset: withUnknown(u64), count: u32 }),
  fetch: entries,
  next: entries,
  moveCursor: fc.record({ offset: u64 }),
  admin: fc.constantFrom(...operations).chain(
    (operation) =>
      fc.record({
        operation: fc.constant(operation),
        result: asRead<unknown>(results[operation]),
      }) as fc.Arbitrary<AdminReply>,
  ),
}

/** Any request of the dialect. */
export const anyBinaryRequest: fc.Arbitrary<BinaryRequest> = fc.oneof(...Object.values(requests))
