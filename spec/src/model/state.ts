import type { ClusterMetadata, MetadataCommand, NodeId } from '@walrus/core'
import type { Faults } from './configuration.js'
import type { LogRecord, Operation } from './records.js'

/** The whole world at one moment. A state never changes; a step makes another one. */
export interface State {
  /** Metadata as Raft has decided it, oldest first, from the oldest that a node still acts on. Invariant: never empty. */
  readonly history: readonly ClusterMetadata[]
  /** Commands that were proposed and may yet be applied, once or (proposed again) more often. */
  readonly proposals: readonly MetadataCommand[]
  /** Node id − 1 is the index. */
  readonly nodes: readonly Node[]
  /** What a leader sent and no replica has got yet. */
  readonly stretches: readonly Stretch[]
  /** What the clients of each topic know. */
  readonly clients: readonly Client[]
  /**
   * For each topic, the coordinators at work. Which node one runs on makes no difference: when it crashes, another one begins
   * anew. One that was overtaken goes on until its proposal is refused.
   */
  readonly recoveries: readonly (readonly Recovery[])[]
  /** Faults that may still happen. */
  readonly left: Faults
}

/** What was said to the clients of a topic, and must stay true. */
export interface Client {
  /** Acknowledged operations, each with its topic offset; ascending by operation. */
  readonly acked: readonly Acknowledged[]
  /** Entries that readers got, in that order, with the topic offset of each. */
  readonly delivered: readonly Acknowledged[]
}

export interface Acknowledged {
  readonly operation: Operation
  readonly offset: number
}

export interface Node {
  readonly up: boolean
  /** Index in `history` of the metadata that this node has applied. */
  readonly view: number
  /** Ticks since the last contact with a majority: 0 the lease holds, 1 it is over, 2 others take the node for dead. */
  readonly silence: number
  readonly topics: readonly NodeTopic[]
}

/** What one node has of one topic. */
export interface NodeTopic {
  /** Segment id − 1 is the index. */
  readonly copies: readonly (Copy | undefined)[]
  readonly writer: Writer | undefined
  /** The newest segment there was when this node started: of a previous life, if it leads it. 0 for a node's first life. */
  readonly inherited: number
}

/** One node's copy of one segment. */
export interface Copy {
  readonly log: readonly LogRecord[]
  /** Records on stable storage; what is behind them is lost in a crash, or in part. */
  readonly durable: number
  /** The leader has recorded, durably, that nothing more comes. */
  readonly ended: boolean
  /** The newest epoch that the copy has durably seen. */
  readonly fencedEpoch: number
  /** Cursor and producers as they stood when the segment began. */
  readonly start: TopicStart
  /** The end of the longest stretch that this replica has confirmed to the segment's writer. */
  readonly confirmed: number
  /** Up to where this copy knows the log as committed. */
  readonly committed: number
}

/** The topic's small state. */
export interface TopicStart {
  readonly cursor: number
  /** Producer → its last sequence; −1 for none. */
  readonly sequences: readonly number[]
}

/** The volatile part of a segment's leader. */
export interface Writer {
  readonly segment: number
  readonly epoch: number
  /** `closed`: what is in flight is drained. `sealing`: the seal is proposed. `stopped`: fenced, or given up, for good. */
  readonly gate: 'open' | 'closed' | 'sealing' | 'stopped'
  /** Node id − 1 → the end of what that replica has confirmed. */
  readonly confirmed: readonly number[]
  /** The segment is to end, full or not. */
  readonly forced: boolean
  /** Up to here tickets are settled. */
  readonly committed: number
  /** Entries counted by this life of the node. What a right node never uses. */
  readonly counted: number
  /** The cursor of the topic in memory: the next offset to deliver. */
  readonly cursor: number
  /** The entry whose cursor commit is under way. */
  readonly serving: Serving | undefined
  /** The one command of its rollover. */
  readonly seal: MetadataCommand | undefined
}

export interface Serving {
  readonly offset: number
  readonly operation: Operation
  /** Of the control batch. */
  readonly position: number
}

/** One attempt to recover a segment; over when its seal is proposed. */
export interface Recovery {
  readonly segment: number
  readonly epoch: number
  /** Node id − 1 → the durable end of its copy; undefined: not heard. */
  readonly reports: readonly (number | undefined)[]
}

/** A part of a leader's log on its way to a replica. */
export interface Stretch {
  readonly topic: number
  readonly segment: number
  readonly epoch: number
  readonly from: NodeId
  readonly to: NodeId
  readonly position: number
  readonly record: LogRecord
  readonly committed: number
  readonly start: TopicStart
}
