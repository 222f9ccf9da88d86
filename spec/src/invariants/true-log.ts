import { endPosition, type SegmentMetadata } from '@walrus/core'
import type { LogRecord } from '../model/records.js'
import type { Copy, State } from '../model/state.js'
import { copyOf, newestTopic, nodeIds } from '../model/update.js'

/** A segment with all that is stored of it anywhere. */
export interface StoredSegment {
  readonly segment: SegmentMetadata
  /** Node id − 1 → its copy. */
  readonly copies: readonly (Copy | undefined)[]
  /** The records of the segment: up to its end when it is sealed, and else as long as the longest copy. */
  readonly log: readonly LogRecord[]
}

const known = new WeakMap<State, (readonly StoredSegment[])[]>()

/** The topic as somebody would see it who knows the newest metadata and every disk. */
export function storedSegments(state: State, topic: number): readonly StoredSegment[] {
  let topics = known.get(state)
  if (topics === undefined) known.set(state, (topics = []))
  return (topics[topic] ??= gathered(state, topic))
}

function gathered(state: State, topic: number): readonly StoredSegment[] {
  return newestTopic(state, topic).segments.map((segment) => {
    const copies = nodeIds(state).map((node) => copyOf(state, { node, topic, segment: segment.id }))
    const longest = longestLog(copies)
    return { segment, copies, log: segment.state === 'sealed' ? longest.slice(0, endPosition(segment)) : longest }
  })
}

function longestLog(copies: readonly (Copy | undefined)[]): readonly LogRecord[] {
  let longest: readonly LogRecord[] = []
  for (const copy of copies) if (copy !== undefined && copy.log.length > longest.length) longest = copy.log
  return longest
}
