import {
  EMPTY_METADATA,
  lastSegment,
  segmentById,
  type ClusterMetadata,
  type NodeId,
  type SegmentCounts,
  type SegmentMetadata,
  type TopicMetadata,
} from '@walrus/core'
import { RULES, type Decisions } from '../model/rules.js'
import type { SegmentLog } from './segment-log.js'

/**
 * What the model's State says, in numbers: a copy is how long it is, the log is a row of ranges, what clients know is up to where
 * their entries are settled. It only grows with commands and batches, not with entries.
 */
export interface Replay {
  readonly decisions: Decisions
  /** By version. Invariant: never empty. */
  readonly metadata: ClusterMetadata[]
  /** The command that led to each version, as text; undefined for version 0. */
  readonly commands: (string | undefined)[]
  readonly nodes: Map<NodeId, ReplayedNode>
  /** Topics of a name, the oldest first: all but the last were deleted. */
  readonly topics: Map<string, ReplayedTopic[]>
}

export interface ReplayedNode {
  readonly id: NodeId
  /** Its processes so far. */
  life: number
  /** Of its newest event. */
  number: number
  /** Of the metadata that it has applied; undefined at the beginning of a life. */
  version: number | undefined
  /** The version with which it began to take part in this life; undefined before that. */
  openedVersion: number | undefined
}

export interface ReplayedTopic {
  readonly name: string
  /** No segment of an older topic with this name has so new an epoch. */
  readonly firstEpoch: number
  readonly segments: Map<number, ReplayedSegment>
  readonly cursors: Map<string, ReplayedCursor>
}

export interface ReplayedCursor {
  /** Control batches that commit it: topic offset → where they are. */
  readonly commits: Map<number, { readonly segment: number; readonly position: number }[]>
  /** Offsets to which somebody moved it. */
  readonly moves: Set<number>
  /** Entries that were given to readers, as ranges of topic offsets, ascending. Invariant: none touches another. */
  delivered: { readonly offset: number; readonly end: number }[]
}

export interface ReplayedSegment {
  readonly topic: string
  readonly id: number
  readonly baseOffset: number
  /** The epoch under which its leader writes it, and each copy is created. */
  readonly createdEpoch: number
  readonly createdVersion: number
  readonly leader: NodeId
  /** Until it is sealed. */
  readonly replicas: readonly NodeId[]
  readonly ackQuorum: number
  readonly log: SegmentLog
  readonly copies: Map<NodeId, ReplayedCopy>
  /** The newest epoch at which each replica was fenced, also one without a copy. */
  readonly promised: Map<NodeId, number>
  writer: ReplayedWriter | undefined
  /** What each replica has told when it was fenced. */
  readonly reports: ReplayedReport[]
  readonly recoveries: (SegmentCounts & { readonly node: NodeId; readonly epoch: number })[]
  readonly seals: ReplayedSeal[]
  /** The position at which metadata has sealed it. */
  end: number | undefined
}

export type ReplayedReport = SegmentCounts & {
  readonly node: NodeId
  readonly epoch: number
  readonly createdEpoch: number
}

export type ReplayedSeal = SegmentCounts & { readonly epoch: number; readonly nextLeader: NodeId }

/** A node's copy of a segment. Positions: each is at most the one before it, but `told` and `held`, which never shrink. */
export interface ReplayedCopy {
  /** Behind what the node has taken, be it on stable storage or not. */
  taken: number
  stored: number
  /** What the segment's leader may have heard to be on stable storage. */
  told: number
  /** The longest that it ever was on stable storage. */
  held: number
  fencedEpoch: number
  isRemoved: boolean
  /** The last life of the node in which it was there. */
  life: number
}

export interface ReplayedWriter {
  readonly life: number
  /** Up to here tickets are settled. */
  committed: number
  /** Why nothing more gets in; undefined while the gate may be open. */
  over: string | undefined
}

export function newReplay(): Replay {
  return {
    decisions: RULES.decisions,
    metadata: [EMPTY_METADATA],
    commands: [undefined],
    nodes: new Map(),
    topics: new Map(),
  }
}

export function newCopy(createdEpoch: number, life: number): ReplayedCopy {
  return { taken: 0, stored: 0, told: 0, held: 0, fencedEpoch: createdEpoch, isRemoved: false, life }
}

/** So much of the copy is on stable storage now. */
export function store(copy: ReplayedCopy, position: number): void {
  copy.stored = Math.max(copy.stored, position)
  copy.taken = Math.max(copy.taken, copy.stored)
  copy.held = Math.max(copy.held, copy.stored)
}

/** The copy that counts: what is being removed does not. */
export function copyOn(segment: ReplayedSegment, node: NodeId): ReplayedCopy | undefined {
  const copy = segment.copies.get(node)
  return copy?.isRemoved === true ? undefined : copy
}

/** The same; an empty one when there is none. */
export function copyFor(segment: ReplayedSegment, node: ReplayedNode): ReplayedCopy {
  const known = copyOn(segment, node.id)
  if (known !== undefined) return known
  const copy = newCopy(segment.createdEpoch, node.life)
  segment.copies.set(node.id, copy)
  return copy
}

export function newest({ metadata }: Replay): ClusterMetadata {
  return metadata.at(-1) ?? EMPTY_METADATA
}

/** The topic of that name that had segments under that epoch. */
export function topicUnder(replay: Replay, name: string, epoch: number): ReplayedTopic | undefined {
  return replay.topics.get(name)?.findLast(({ firstEpoch }) => firstEpoch <= epoch)
}

export function newestTopic(replay: Replay, name: string): ReplayedTopic | undefined {
  return replay.topics.get(name)?.at(-1)
}

/** The topic as the node has it. */
export function viewOf({ metadata }: Replay, { version = 0 }: ReplayedNode, topic: string): TopicMetadata | undefined {
  return metadata[version]?.topics.get(topic)
}

/** The segment as the node has it; undefined when the node has an older topic of that name, or none. */
export function segmentView(replay: Replay, node: ReplayedNode, segment: ReplayedSegment): SegmentMetadata | undefined {
  const topic = viewOf(replay, node, segment.topic)
  const found = topic && segmentById(topic, segment.id)
  return found !== undefined && found.epoch >= segment.createdEpoch ? found : undefined
}

/** The topic's newest segment as the replay has it now, over that log. */
export function segmentOf(topic: TopicMetadata, log: SegmentLog, createdVersion: number): ReplayedSegment {
  const { id, baseOffset, epoch: createdEpoch, leader, replicas, ackQuorum } = lastSegment(topic)
  return {
    topic: topic.name,
    ...{ id, baseOffset, createdEpoch, createdVersion, leader, replicas, ackQuorum, log },
    copies: new Map(),
    promised: new Map(),
    writer: undefined,
    reports: [],
    recoveries: [],
    seals: [],
    end: undefined,
  }
}

export function cursorOf(topic: ReplayedTopic, name: string): ReplayedCursor {
  let cursor = topic.cursors.get(name)
  if (cursor === undefined) topic.cursors.set(name, (cursor = { commits: new Map(), moves: new Set(), delivered: [] }))
  return cursor
}
