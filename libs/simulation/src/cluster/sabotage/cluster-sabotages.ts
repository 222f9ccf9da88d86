import {
  lastSegment,
  type BlockFileDirectory,
  type LogStorage,
  type MetadataCommand,
  type MetadataLog,
  type PeerMessaging,
  type SegmentLog,
} from '@walrus/core'
import {
  CLUSTER_REQUESTS,
  crc32,
  fenceAnswer,
  readBatchHeader,
  replicateAnswer,
  replicateRequest,
} from '@walrus/protocol'
import { sabotagedFiles } from '../../sabotage/sabotaged-files.js'
import type { ClusterPlan } from '../plan.js'
import { withChanges } from './with-changes.js'

/** What is put between each node and what it stands on. */
export interface ClusterSabotage {
  readonly plan?: (plan: ClusterPlan) => ClusterPlan
  readonly files?: (directory: BlockFileDirectory) => BlockFileDirectory
  readonly storage?: (storage: LogStorage) => LogStorage
  readonly metadata?: (metadata: MetadataLog) => MetadataLog
  readonly peers?: (peers: PeerMessaging) => PeerMessaging
}

/** Deliberate faults of a cluster, by name; those of spec/mutations.json have its names. Each breaks a promise, and must be found. */
export const clusterSabotages = {
  'ack-before-quorum': { plan: (plan) => withTopics(plan, { ack: 'leader' }) },
  'ack-before-sync': {
    files: (directory) =>
      sabotagedFiles(directory, (file) => ({
        write: (parts, position) => file.write(parts, position, false),
        sync: () => Promise.resolve(),
      })),
  },
  'durable-without-writing': { peers: (peers) => onQuestions(peers, CLUSTER_REQUESTS.replicate, sayDurable) },
  'seal-without-compare-and-set': { metadata: (metadata) => onCommands(metadata, sealWhatIsOpen) },
  'count-before-drain': { metadata: (metadata) => onCommands(metadata, countLess) },
  'recovery-takes-shortest': { peers: (peers) => onQuestions(peers, CLUSTER_REQUESTS.fence, sayNothingIsThere) },
  'cursor-from-memory': {
    storage: (storage) => onSegments(storage, (log) => ({ commitCursor: () => log.appendBatch([]) })),
  },
  'cursors-forgotten-at-rollover': {
    storage: (storage) => onCreation(storage, (state) => ({ ...state, cursors: new Map() })),
  },
  'producers-forgotten-at-rollover': {
    storage: (storage) => onCreation(storage, (state) => ({ ...state, producers: new Map() })),
  },
  'duplicate-stored-twice': {
    storage: (storage) => onSegments(storage, (log) => ({ appendBatch: (entries) => log.appendBatch(entries) })),
  },
} as const satisfies Readonly<Record<string, ClusterSabotage>>

export type ClusterSabotageName = keyof typeof clusterSabotages

function withTopics(plan: ClusterPlan, change: Partial<ClusterPlan['node']['topicConfig']>): ClusterPlan {
  return { ...plan, node: { ...plan.node, topicConfig: { ...plan.node.topicConfig, ...change } } }
}

function onSegments(storage: LogStorage, change: (log: SegmentLog) => Partial<SegmentLog>): LogStorage {
  const known = new WeakMap<SegmentLog, SegmentLog>()
  const changed = (log: SegmentLog): SegmentLog => {
    const found = known.get(log) ?? withChanges(log, change(log))
    known.set(log, found)
    return found
  }
  return withChanges(storage, {
    segments: () => Array.from(storage.segments(), changed),
    segment: (key) => {
      const log = storage.segment(key)
      return log && changed(log)
    },
    create: (segment) => changed(storage.create(segment)),
  })
}

function onCreation(
  storage: LogStorage,
  change: (state: SegmentLog['topicState']) => SegmentLog['topicState'],
): LogStorage {
  return withChanges(storage, {
    create: (segment) => storage.create({ ...segment, topicState: change(segment.topicState) }),
  })
}

function onCommands(
  metadata: MetadataLog,
  change: (command: MetadataCommand, metadata: MetadataLog) => MetadataCommand,
): MetadataLog {
  return withChanges(metadata, { propose: (command) => metadata.propose(change(command, metadata)) })
}

/** A seal that comes late ends whatever segment is open by then. */
function sealWhatIsOpen(command: MetadataCommand, { state }: MetadataLog): MetadataCommand {
  const topic = command.kind === 'SealAndRoll' ? state.topics.get(command.topic) : undefined
  if (command.kind !== 'SealAndRoll' || topic === undefined) return command
  const { id, epoch } = lastSegment(topic)
  return { ...command, segment: id, epoch }
}

function countLess(command: MetadataCommand): MetadataCommand {
  if (command.kind !== 'SealAndRoll' || command.entryCount === 0) return command
  return { ...command, entryCount: command.entryCount - 1 }
}

type Answering = (question: Uint8Array, answer: () => Promise<Uint8Array>) => Promise<Uint8Array>

function onQuestions(peers: PeerMessaging, wanted: number, change: Answering): PeerMessaging {
  return withChanges(peers, {
    handle: (kind, handler) =>
      peers.handle(kind, (payload, from) =>
        kind === wanted ? change(payload, () => handler(payload, from)) : handler(payload, from),
      ),
  })
}

/** Nothing that comes with entries is carried out. */
async function sayDurable(question: Uint8Array, answer: () => Promise<Uint8Array>): Promise<Uint8Array> {
  const request = replicateRequest.decode(question)
  if (typeof request === 'string' || request.batches.length === 0) return await answer()
  const records = request.batches.reduce((sum, batch) => sum + recordsIn(batch), 0)
  return replicateAnswer.encode({ result: 'durable', value: request.position + records })
}

function recordsIn(batch: Uint8Array): number {
  const header = readBatchHeader(batch, 0, crc32)
  return typeof header === 'string' ? 0 : Math.max(1, header.entryCount)
}

async function sayNothingIsThere(_: Uint8Array, answer: () => Promise<Uint8Array>): Promise<Uint8Array> {
  const answered = fenceAnswer.decode(await answer())
  if (typeof answered === 'string') throw new Error('the answer to a fence cannot be read')
  return fenceAnswer.encode({ ...answered, entryCount: 0, controlCount: 0 })
}
