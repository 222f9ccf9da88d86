import type { CopyEvent, LeaderEvent, ProtocolEvent, RecoveryEvent } from '@walrus/core'
import { copyStep, removed } from './copy-steps.js'
import { cursorStep } from './cursor-steps.js'
import type { TracedEvent } from './event-shapes.js'
import { leaderStep } from './leader-steps.js'
import { metadataStep } from './metadata-steps.js'
import { newLife, nodeStep } from './node-steps.js'
import { recoveryDecided } from './recovery-step.js'
import { topicUnder, viewOf, type Replay, type ReplayedNode } from './replay-state.js'
import type { Scene } from './scene.js'
import { broken, waits, type Refusal } from './verdict.js'

/** Takes the step that the event tells of; changes nothing where it is refused. */
export function take(replay: Replay, event: TracedEvent): Refusal | undefined {
  const node = nodeOf(replay, event.node)
  const begins = event.number === 1
  if (!begins && event.number !== node.number + 1) {
    return broken('trace', `event ${event.number} follows event ${node.number} of its node: lines are missing`)
  }
  if (begins && node.number > 0) newLife(node)
  const refusal = stepOf(replay, node, event)
  if (refusal === undefined) node.number = event.number
  return refusal
}

function nodeOf({ nodes }: Replay, id: number): ReplayedNode {
  let node = nodes.get(id)
  if (node === undefined)
    nodes.set(id, (node = { id, life: 0, number: 0, version: undefined, openedVersion: undefined }))
  return node
}

function stepOf(replay: Replay, node: ReplayedNode, event: ProtocolEvent): Refusal | undefined {
  switch (event.kind) {
    case 'metadata-applied':
    case 'metadata-restored':
      return metadataStep(replay, node, event)
    case 'copy-found':
    case 'node-opened':
    case 'node-closed':
      return nodeStep(replay, node, event)
    case 'delivered':
    case 'cursor-moved':
      return takesPart(node) ?? cursorStep(replay, node, event)
    case 'removed':
      return takesPart(node) ?? removed(replay, node, event)
    case 'segment-opened':
    case 'appended':
    case 'committed':
    case 'seal-proposed':
    case 'recovery-decided':
    case 'taken':
    case 'stored':
    case 'fenced':
    case 'fetched':
    case 'copied':
    case 'truncated':
      return takesPart(node) ?? segmentStep(replay, node, event)
  }
}

function takesPart({ openedVersion }: ReplayedNode): Refusal | undefined {
  return openedVersion === undefined ? broken('waitsForBarrier', 'it takes part before it has opened') : undefined
}

type SegmentEvent = LeaderEvent | RecoveryEvent | Exclude<CopyEvent, { readonly kind: 'removed' }>

function segmentStep(replay: Replay, node: ReplayedNode, event: SegmentEvent): Refusal | undefined {
  const scene = sceneOf(replay, node, event)
  if (scene === undefined) return waits(`metadata has no segment ${event.segment} of "${event.topic}" yet`)
  switch (event.kind) {
    case 'segment-opened':
    case 'appended':
    case 'committed':
    case 'seal-proposed':
      return leaderStep(scene, event)
    case 'recovery-decided':
      return recoveryDecided(scene, event)
    case 'taken':
    case 'stored':
    case 'fenced':
    case 'fetched':
    case 'copied':
    case 'truncated':
      return copyStep(scene, event)
  }
}

function sceneOf(replay: Replay, node: ReplayedNode, event: SegmentEvent): Scene | undefined {
  const { topic: name, segment: id } = event
  const epoch = event.kind === 'truncated' ? (viewOf(replay, node, name)?.segments[0]?.epoch ?? 0) : event.epoch
  const topic = topicUnder(replay, name, epoch)
  const segment = topic?.segments.get(id)
  return topic && segment && { replay, node, topic, segment }
}
