import {
  EMPTY_TOPIC_STATE,
  endPosition,
  formatSegmentKey,
  lastSegment,
  segmentById,
  WalrusError,
  type SegmentKey,
  type SegmentMetadata,
  type TopicMetadata,
  type TopicState,
} from '@walrus/core'
import type { NodeContext } from '../node-context.js'
import { storedCopy } from '../stored-copy.js'
import type { CopyQuestions } from './copy-questions.js'
import { firstEnough } from './first-enough.js'
import type { SegmentRepair } from './segment-repair.js'

/** What the topic's state is taken from. */
export interface StateSources {
  readonly context: NodeContext
  readonly questions: CopyQuestions
  readonly repair: SegmentRepair
}

/**
 * Cursors and producers at the end of the segment before the topic's last one: from this node's copy if that is whole, else from
 * a replica whose copy is, else from this node's copy once it has been completed.
 */
export async function inheritedState(sources: StateSources, topic: TopicMetadata): Promise<TopicState> {
  const segment = lastWritten(topic)
  if (segment === undefined) return EMPTY_TOPIC_STATE
  const key = { topic: topic.name, segment: segment.id }
  return (
    (await ownState(sources, key, segment)) ??
    (await askedState(sources, key, segment)) ??
    (await completedState(sources, key))
  )
}

/** Nobody keeps a copy of a segment that nobody wrote to: the state at its end is that of the one before. */
function lastWritten(topic: TopicMetadata): SegmentMetadata | undefined {
  let segment = segmentById(topic, lastSegment(topic).id - 1)
  while (segment !== undefined && endPosition(segment) === 0) segment = segmentById(topic, segment.id - 1)
  return segment
}

async function ownState(
  { context }: StateSources,
  key: SegmentKey,
  segment: SegmentMetadata,
): Promise<TopicState | undefined> {
  const log = storedCopy(context.storage, key, segment)
  return log?.position === endPosition(segment) ? await log.stateAt(log.position).catch(() => undefined) : undefined
}

async function askedState(
  { context, questions }: StateSources,
  key: SegmentKey,
  { replicas }: SegmentMetadata,
): Promise<TopicState | undefined> {
  const others = replicas.filter((node) => node !== context.nodeId)
  const asked = others.map(async (node) => {
    const answer = await questions.wholeCopy(node, key)
    if (!answer.whole) throw new WalrusError('UNAVAILABLE', `Cannot use the copy of node ${node}: it is not whole`)
    return answer.topicState
  })
  const [state] = await firstEnough(asked, (states) => states.length > 0)
  return state
}

async function completedState({ context, repair }: StateSources, key: SegmentKey): Promise<TopicState> {
  await repair.complete(key)
  const log = context.storage.segment(key)
  if (log?.sealed) return await log.stateAt(log.position)
  throw new WalrusError('UNAVAILABLE', `Cannot go on from "${formatSegmentKey(key)}": no whole copy can be reached`)
}
