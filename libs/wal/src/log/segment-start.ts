import type { WalrusError } from '@walrus/core'
import type { Run } from '../blocks/run.js'
import type { MutableTopicState } from './mutable-topic-state.js'

/** From where on the entries of a segment cannot be read. */
export interface SegmentDamage {
  readonly fromIndex: number
  /** Index behind the last entry of which a trace is left. */
  readonly traceEndIndex: number
  /** Nothing that is there is damaged, but entries behind it are missing. */
  readonly isAtEnd: boolean
  readonly error: WalrusError
}

/** Where a segment starts, or was found to stand. */
export interface SegmentStart {
  readonly topic: string
  readonly segment: number
  readonly baseOffset: number
  readonly epoch: number
  readonly createdMs: number
  /** All that count; what stands behind damage is among them. */
  readonly runs: readonly Run[]
  /** Greater than the number of every run of the segment that is on disk, used or not. */
  readonly nextRunNumber: number
  readonly entryCount: number
  /** Records before the end. */
  readonly position: number
  /** The newest epoch that this copy has seen. */
  readonly fencedEpoch: number
  readonly sealed: boolean
  readonly topicState: MutableTopicState
  /** False when the topic's state was not read: only the newest segment of a topic is asked for it at first. */
  readonly knowsState: boolean
  /** Set when entries are missing: then nothing can be appended. */
  readonly damage: SegmentDamage | undefined
  /** About how large it will get; unknown of a segment that was found on disk. */
  readonly expectedBytes?: number
}
