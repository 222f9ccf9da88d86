import {
  applyCommand,
  committedPosition,
  decideCopy,
  decideLease,
  decideRecovery,
  decideReplicate,
  decideRollover,
  leaseHeld,
  liveNodes,
  nextRead,
  placeNextSegment,
  wholeCopies,
} from '@walrus/core'

/** What the steps of the model are made of: the decisions of libs/core, and what a node makes of them. */
export interface Rules {
  readonly decisions: Decisions
  readonly habits: Habits
}

export type Decisions = typeof DECISIONS

/**
 * What a node does around a decision, and where that is in the code. Each one is true of a right node; a mutation takes one
 * away.
 */
export interface Habits {
  /** A closed gate lets no append through (libs/cluster/src/leading/topic-gate.ts#close). */
  readonly gateCloses: boolean
  /** A rollover waits for what is in flight before it counts (libs/cluster/src/leading/roll-over.ts#rollOver). */
  readonly drainsBeforeCount: boolean
  /** For that the ack quorum is enough: a rollover does not wait for the other replicas (libs/cluster/src/leading/roll-over.ts#rollOver). */
  readonly drainsToQuorum: boolean
  /** The count of a segment is that of its log, whoever wrote it (libs/cluster/src/leading/roll-over.ts#tailStatus). */
  readonly countsTheLog: boolean
  /** The end of a segment is on the leader's disk before it is proposed (libs/cluster/src/leading/local-segment.ts#recordEnd). */
  readonly recordsEnd: boolean
  /** Where the end cannot be on the disk, since nothing is, the segment is fenced first (libs/cluster/src/leading/roll-over.ts#fenced). */
  readonly fencesUnrecordedEnd: boolean
  /** An entry is acknowledged when a quorum has it, and not when this node has it (libs/cluster/src/replication/replicated-segment.ts#advance). */
  readonly waitsForQuorum: boolean
  /** An entry is acknowledged when a quorum has it, and not only when every replica has it (libs/cluster/src/replication/replicated-segment.ts#advance). */
  readonly quorumIsEnough: boolean
  /** A replica confirms what is on stable storage (libs/cluster/src/replication/replica-service.ts#replicate). */
  readonly confirmsDurable: boolean
  /** A replica that is fenced settles what is in flight before it tells its end (libs/cluster/src/replication/replica-service.ts#fence). */
  readonly fenceDrains: boolean
  /** A fence on the leader's own copy stops the leader (libs/cluster/src/replication/replica-service.ts#stopLeading). */
  readonly fenceStopsWriter: boolean
  /** A replica refuses what its metadata know as fenced, be there a copy or not (libs/cluster/src/replication/replica-service.ts#replicate). */
  readonly metadataFences: boolean
  /** A node that starts takes part when its metadata are as new as the cluster's (libs/cluster/src/open-node.ts#catchUp). */
  readonly waitsForBarrier: boolean
  /** The newest epoch survives a crash (libs/wal/src/log/stored-segment.ts#fence). */
  readonly fenceIsDurable: boolean
  /** A node that starts takes what it led before, and what others have copies of, as fenced (libs/cluster/src/leading/previous-life.ts#PreviousLife). */
  readonly restartFences: boolean
  /** A leader whose disk refused what replicas may have writes nothing else there (libs/cluster/src/replication/replicated-segment.ts#fail). */
  readonly stopsWhenRefused: boolean
  /** A recovered segment is sealed when a quorum has all of it (libs/cluster/src/replication/segment-recovery.ts#copyTo). */
  readonly copiesBeforeSeal: boolean
  /** A copy behind the end of its sealed segment gives its tail up (libs/cluster/src/replication/segment-repair.ts#complete). */
  readonly truncatesTail: boolean
  /** Who knows where a segment ends takes nothing behind that, whoever sends it (libs/cluster/src/replication/segment-copier.ts#assertWanted). */
  readonly sealEndsCopies: boolean
  /** A segment begins with the state at the end of the one before, taken from a whole copy (libs/cluster/src/replication/inherited-state.ts#inheritedState). */
  readonly stateFromWholeCopy: boolean
  /** What a producer sent before is known by its sequence (libs/cluster/src/leading/append-intake.ts#storedBy). */
  readonly knowsSequences: boolean
  /** A new segment knows what the producers sent to the ones before (libs/cluster/src/leading/open-tail.ts#inheritedState). */
  readonly inheritsSequences: boolean
  /** An entry is delivered after its cursor is committed (libs/cluster/src/leading/shared-cursor.ts#deliver). */
  readonly cursorBeforeDelivery: boolean
  /** A sealed segment is read wherever there is a whole copy of it (libs/cluster/src/reading/segment-reader.ts#readElsewhere). */
  readonly readsAnyCopy: boolean
  /** The cursor of a new leader is the one of the log (libs/cluster/src/leading/shared-cursor.ts#stored). */
  readonly cursorFromLog: boolean
}

const DECISIONS = {
  applyCommand,
  committedPosition,
  decideCopy,
  decideLease,
  decideRecovery,
  decideReplicate,
  decideRollover,
  leaseHeld,
  liveNodes,
  nextRead,
  placeNextSegment,
  wholeCopies,
}

/** The rules as the design has them. */
export const RULES: Rules = {
  decisions: DECISIONS,
  habits: {
    gateCloses: true,
    drainsBeforeCount: true,
    drainsToQuorum: true,
    countsTheLog: true,
    recordsEnd: true,
    fencesUnrecordedEnd: true,
    waitsForQuorum: true,
    quorumIsEnough: true,
    confirmsDurable: true,
    fenceDrains: true,
    fenceStopsWriter: true,
    metadataFences: true,
    waitsForBarrier: true,
    fenceIsDurable: true,
    restartFences: true,
    stopsWhenRefused: true,
    copiesBeforeSeal: true,
    truncatesTail: true,
    sealEndsCopies: true,
    stateFromWholeCopy: true,
    knowsSequences: true,
    inheritsSequences: true,
    cursorBeforeDelivery: true,
    readsAnyCopy: true,
    cursorFromLog: true,
  },
}
