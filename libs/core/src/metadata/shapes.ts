import { topicNameFault } from '../topic-name.js'
import type {
  ClusterMetadata,
  MetadataCommand,
  NodeId,
  NodeMetadata,
  RemovedNode,
  SegmentMetadata,
  TopicConfig,
  TopicMetadata,
} from './model.js'
import {
  integer,
  isObject,
  list,
  oneOf,
  optional,
  partial,
  type Parsed,
  type Parser,
  quote,
  record,
  text,
} from './parse.js'

/** Copies of a segment are bounded: a command stays small whatever a client asks for. */
export const REPLICATION_FACTOR_MAX = 16

/**
 * Checks a command of unknown origin and rebuilds it from its known fields. What it accepts may still be rejected when it
 * is applied; what it refuses says nothing in any state.
 */
export function parseCommand(input: unknown): Parsed<MetadataCommand> {
  const kind = isObject(input) ? input['kind'] : undefined
  if (!isCommandKind(kind)) return { ok: false, fault: `kind is unknown: ${quote(kind)}` }
  return commandShapes[kind](input)
}

/** A number of entries, or a topic offset. */
const count = integer(0)
/** Something that is numbered from 1. */
const ordinal = integer(1)
const topicName = text(topicNameFault)
const nodeId: Parser<NodeId> = ordinal
const replicas = list(nodeId, REPLICATION_FACTOR_MAX)

const topicConfigFields: { readonly [Name in keyof TopicConfig]: Parser<TopicConfig[Name]> } = {
  segmentEntriesMax: ordinal,
  segmentBytesMax: ordinal,
  segmentAgeMsMax: count,
  retentionMs: count,
  retentionBytes: count,
  replicationFactor: integer(1, REPLICATION_FACTOR_MAX),
  ack: oneOf('leader', 'quorum', 'all'),
}

/** A topic's whole config, of unknown origin. */
export const parseTopicConfig: Parser<TopicConfig> = record<TopicConfig>(topicConfigFields)

/** Some settings of a topic, of unknown origin; a setting that does not exist is a fault. */
export const parseTopicConfigChange: Parser<Partial<TopicConfig>> = partial<TopicConfig>(topicConfigFields)

const node = record<NodeMetadata>({
  id: nodeId,
  address: text(addressFault),
  clientAddress: optional(text(addressFault)),
  identity: optional(text(identityFault)),
  role: oneOf('voter', 'learner'),
  draining: oneOf(true, false),
})

type CommandKind = MetadataCommand['kind']
type CommandOf<Kind extends CommandKind> = Extract<MetadataCommand, { readonly kind: Kind }>

/** Every command and its fields: a command that is missing here does not compile. */
const commandShapes: { readonly [Kind in CommandKind]: Parser<CommandOf<Kind>> } = {
  CreateTopic: record({
    kind: oneOf('CreateTopic'),
    topic: topicName,
    config: parseTopicConfig,
    leader: nodeId,
    replicas,
  }),
  SealAndRoll: record({
    kind: oneOf('SealAndRoll'),
    topic: topicName,
    segment: ordinal,
    epoch: ordinal,
    entryCount: count,
    controlCount: count,
    nextLeader: nodeId,
    nextReplicas: replicas,
  }),
  FenceSegment: record({ kind: oneOf('FenceSegment'), topic: topicName, segment: ordinal, epoch: ordinal }),
  ReplaceReplicas: record({
    kind: oneOf('ReplaceReplicas'),
    topic: topicName,
    segment: ordinal,
    epoch: ordinal,
    before: replicas,
    after: replicas,
  }),
  ConfigureTopic: record({ kind: oneOf('ConfigureTopic'), topic: topicName, config: parseTopicConfig }),
  DeleteTopic: record({ kind: oneOf('DeleteTopic'), topic: topicName, epoch: ordinal }),
  TrimTopic: record({ kind: oneOf('TrimTopic'), topic: topicName, upToSegment: ordinal, epoch: ordinal }),
  UpsertNode: record({ kind: oneOf('UpsertNode'), node }),
  RemoveNode: record({ kind: oneOf('RemoveNode'), id: nodeId }),
}

const segment = record<SegmentMetadata>({
  id: ordinal,
  baseOffset: count,
  leader: nodeId,
  replicas,
  epoch: ordinal,
  createdEpoch: ordinal,
  state: oneOf('open', 'recovering', 'sealed'),
  ackQuorum: integer(1, REPLICATION_FACTOR_MAX),
  entryCount: count,
  controlCount: count,
})

const topic = record<TopicMetadata>({
  name: topicName,
  config: parseTopicConfig,
  segments: list(segment, Number.MAX_SAFE_INTEGER),
})

/** The state with lists in place of its maps, as it is written down. */
export interface FlatMetadata {
  readonly version: ClusterMetadata['version']
  readonly nodes: readonly NodeMetadata[]
  readonly removedNodes: readonly RemovedNode[]
  readonly topics: readonly TopicMetadata[]
}

/** Checks each field of a written state; whether they fit together is for `stateFault` to say. */
export const parseFlatMetadata: Parser<FlatMetadata> = record<FlatMetadata>({
  version: count,
  nodes: list(node, Number.MAX_SAFE_INTEGER),
  removedNodes: list(record<RemovedNode>({ id: nodeId, address: text(addressFault) }), Number.MAX_SAFE_INTEGER),
  topics: list(topic, Number.MAX_SAFE_INTEGER),
})

function isCommandKind(kind: unknown): kind is CommandKind {
  return typeof kind === 'string' && Object.hasOwn(commandShapes, kind)
}

/** `host:port` in visible ASCII; the host is a name of at most 253 bytes or an address (IPv6 in brackets). */
function addressFault(address: string): string | undefined {
  const port = Number(ADDRESS.exec(address)?.[1] ?? Number.NaN)
  return port >= 1 && port <= 65_535 ? undefined : 'host:port is needed'
}

function identityFault(identity: string): string | undefined {
  return IDENTITY.test(identity) ? undefined : '1 to 64 visible ASCII characters are needed'
}

const IDENTITY = /^[!-~]{1,64}$/
const ADDRESS = /^[!-~]{1,253}:([0-9]{1,5})$/
