// Random histories of metadata commands, for the property tests of this room; no tests of its own.
import fc from 'fast-check'
import { DEFAULT_TOPIC_CONFIG } from '../topic-config.js'
import { topicNameFault } from '../topic-name.js'
import { applyCommand, EMPTY_METADATA } from './apply.js'
import type { ClusterMetadata, MetadataCommand, MetadataResult, NodeMetadata, TopicMetadata } from './model.js'

/** Valid names, short ones that meet again and long ones that do not. */
export const topicNames = fc
  .oneof(
    fc.constantFrom('a', 'a_s', 'a_s_1', '_s_', '__proto__', 'constructor'),
    fc.string({ unit: fc.constantFrom(...'abzAZ09._-s'), minLength: 1, maxLength: 200 }),
  )
  .filter((name) => topicNameFault(name) === undefined)

/** One applied command, with the states around it. */
export interface Step {
  readonly before: ClusterMetadata
  readonly command: MetadataCommand
  readonly after: ClusterMetadata
  readonly result: MetadataResult
}

/** A wish that becomes a command when it meets a state: so most commands fit, and some miss on purpose. */
interface Intent {
  readonly kind: MetadataCommand['kind'] | 'Replay'
  readonly topic: string
  readonly node: number
  /** Replicas to ask for, and the number of nodes to choose them from: mostly the right one. */
  readonly nodes: number
  readonly nodesKnown: number
  readonly amount: number
  /** Added to segment and epoch: mostly 0. */
  readonly segmentError: number
  readonly epochError: number
}

const near = fc.oneof(
  { weight: 16, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -2, max: 2 }) },
)

const OFTEN: readonly Intent['kind'][] = ['CreateTopic', 'FenceSegment', 'TrimTopic', 'ReplaceReplicas', 'Replay']

const intents: fc.Arbitrary<readonly Intent[]> = fc.array(
  fc.record<Intent>({
    kind: fc.oneof(
      { weight: 6, arbitrary: fc.constant<Intent['kind']>('SealAndRoll') },
      { weight: 3, arbitrary: fc.constantFrom<Intent['kind'][]>(...OFTEN) },
      {
        weight: 1,
        arbitrary: fc.constantFrom<Intent['kind'][]>('ConfigureTopic', 'DeleteTopic', 'UpsertNode', 'RemoveNode'),
      },
    ),
    topic: fc.constantFrom('a', 'b', '__proto__'),
    node: fc.integer({ min: 1, max: 3 }),
    nodes: fc.integer({ min: 1, max: 3 }),
    nodesKnown: fc.oneof({ weight: 9, arbitrary: fc.constant(3) }, { weight: 1, arbitrary: fc.constantFrom(2, 4) }),
    amount: fc.nat(20),
    segmentError: near,
    epochError: near,
  }),
  { minLength: 10, maxLength: 60, size: 'max' },
)

/** Random histories on a cluster of three nodes, of commands that mostly apply, some stale, some repeated much later. */
export const histories: fc.Arbitrary<readonly Step[]> = intents.map((wishes) => {
  const steps: Step[] = []
  for (const id of [1, 2, 3]) take(steps, { kind: 'UpsertNode', node: sampleNode(id) })
  for (const wish of wishes) take(steps, resolve(wish, steps))
  return steps
})

/** The state at the end of a history. */
export function finalState(steps: readonly Step[]): ClusterMetadata {
  return steps.at(-1)?.after ?? EMPTY_METADATA
}

export function sampleNode(id: number): NodeMetadata {
  return { id, address: `node${id}.example:${6000 + id}`, role: 'voter', draining: false }
}

function take(steps: Step[], command: MetadataCommand): void {
  const before = finalState(steps)
  const { state: after, result } = applyCommand(before, command)
  steps.push({ before, command, after, result })
}

function resolve(wish: Intent, steps: readonly Step[]): MetadataCommand {
  if (wish.kind === 'Replay') return steps.at(-1 - (howLongAgo(wish) % steps.length))!.command
  return commandOf({ ...wish, kind: wish.kind }, finalState(steps).topics.get(wish.topic))
}

/** Mostly a few steps, sometimes any number. */
function howLongAgo(wish: Intent): number {
  return wish.amount > 10 ? wish.amount * 3 : wish.node
}

function commandOf(
  wish: Intent & { readonly kind: MetadataCommand['kind'] },
  known: TopicMetadata | undefined,
): MetadataCommand {
  const { topic, node } = wish
  const last = known?.segments.at(-1)
  const segment = (last?.id ?? 1) + wish.segmentError
  const epoch = (last?.epoch ?? 1) + wish.epochError
  const replicas = Array.from({ length: wish.nodes }, (_, index) => ((node - 1 + index) % wish.nodesKnown) + 1)
  const kind = known === undefined && wish.segmentError === 0 ? 'CreateTopic' : wish.kind
  switch (kind) {
    case 'CreateTopic':
      return { kind, topic, config: DEFAULT_TOPIC_CONFIG, leader: node, replicas }
    case 'SealAndRoll':
      return sealOf(wish, { segment, epoch }, replicas)
    case 'FenceSegment':
      return { kind, topic, segment, epoch }
    case 'ReplaceReplicas':
      return replaceOf(wish, known, replicas)
    case 'ConfigureTopic':
      return { kind, topic, config: { ...DEFAULT_TOPIC_CONFIG, segmentEntriesMax: wish.amount + 1 } }
    case 'DeleteTopic':
      return { kind, topic, epoch }
    case 'TrimTopic':
      return trim(wish, known)
    case 'UpsertNode':
      return { kind, node: { ...sampleNode(node), draining: wish.amount > 10 } }
    case 'RemoveNode':
      return { kind, id: node }
  }
}

function sealOf(
  { topic, amount, node }: Intent,
  target: { readonly segment: number; readonly epoch: number },
  nextReplicas: readonly number[],
): MetadataCommand {
  const counts = { entryCount: amount, controlCount: amount % 3 }
  return { kind: 'SealAndRoll', topic, ...target, ...counts, nextLeader: node, nextReplicas }
}

function replaceOf(wish: Intent, known: TopicMetadata | undefined, after: readonly number[]): MetadataCommand {
  const segments = known?.segments ?? []
  const target = segments[wish.amount % Math.max(1, segments.length)]
  const at = { segment: (target?.id ?? 1) + wish.segmentError, epoch: (target?.epoch ?? 1) + wish.epochError }
  const before = wish.nodesKnown === 3 ? (target?.replicas ?? [1]) : after
  return { kind: 'ReplaceReplicas', topic: wish.topic, ...at, before, after }
}

function trim(wish: Intent, known: TopicMetadata | undefined): MetadataCommand {
  const segments = known?.segments ?? []
  const segment = segments[wish.amount % Math.max(1, segments.length)]
  const upToSegment = (segment?.id ?? 1) + wish.segmentError
  return { kind: 'TrimTopic', topic: wish.topic, upToSegment, epoch: (segment?.epoch ?? 1) + wish.epochError }
}
