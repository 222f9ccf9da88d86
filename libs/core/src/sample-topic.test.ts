// A topic for the tests of this room; no tests of its own.
import type { SegmentMetadata, TopicMetadata } from './metadata/model.js'
import { DEFAULT_TOPIC_CONFIG } from './topic-config.js'

/** A topic whose segments are sealed at these counts, the last one in that state; leaders go round 1, 2, 3. */
export function sampleTopic(
  tail: readonly (number | 'open' | 'recovering')[],
  firstId = 1,
  firstOffset = 0,
): TopicMetadata {
  const segments: SegmentMetadata[] = []
  let baseOffset = firstOffset
  for (const part of tail) {
    const id = firstId + segments.length
    const leader = ((id - 1) % 3) + 1
    const state = typeof part === 'number' ? 'sealed' : part
    const entryCount = typeof part === 'number' ? part : 0
    segments.push({
      id,
      baseOffset,
      leader,
      replicas: [leader],
      epoch: id,
      createdEpoch: id,
      state,
      ackQuorum: 1,
      entryCount,
      controlCount: 0,
    })
    baseOffset += entryCount
  }
  return { name: 'logs', config: DEFAULT_TOPIC_CONFIG, segments }
}
