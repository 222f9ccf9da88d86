import type { Replay, ReplayedNode, ReplayedSegment, ReplayedTopic } from './replay-state.js'

/** Where a step happens. */
export interface Scene {
  readonly replay: Replay
  readonly node: ReplayedNode
  readonly topic: ReplayedTopic
  readonly segment: ReplayedSegment
}
