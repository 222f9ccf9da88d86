import { endPosition, type NodeEvent } from '@walrus/core'
import {
  copyOn,
  newCopy,
  type Replay,
  type ReplayedNode,
  type ReplayedCopy,
  type ReplayedSegment,
} from './replay-state.js'
import { broken, waits, type Refusal } from './verdict.js'

/** The model's `restart`: what a crash has left, and with which metadata the node goes on. */
export function nodeStep(replay: Replay, node: ReplayedNode, event: NodeEvent): Refusal | undefined {
  switch (event.kind) {
    case 'copy-found':
      return copyFound(replay, node, event)
    case 'node-opened':
      return opened(replay, node, event.version)
    case 'node-closed':
      return undefined
  }
}

/** A process begins; what the last one had in memory is gone. */
export function newLife(node: ReplayedNode): void {
  node.life += 1
  node.number = 0
  node.version = undefined
  node.openedVersion = undefined
}

type CopyFound = Extract<NodeEvent, { readonly kind: 'copy-found' }>

function copyFound(replay: Replay, node: ReplayedNode, found: CopyFound): Refusal | undefined {
  const segment = segmentOfCopy(replay, found)
  // Left over from a topic that was deleted.
  if (segment === undefined) return undefined
  if (found.damaged) return damaged(segment, node)
  const position = endPosition(found)
  if (position > segment.log.end) return waits(`its leader has appended ${segment.log.end} records so far`)
  const copy = copyOn(segment, node.id) ?? leftOver(segment, node)
  const refusal = lossOf(copy, found)
  if (refusal !== undefined) return refusal
  if (segment.log.entriesBefore(position) !== found.entryCount) {
    const entries = `${found.entryCount} entries in ${position} records`
    return broken('CopiesArePrefixes', `the copy has ${entries}, its leader wrote something else`)
  }
  copy.taken = copy.stored = copy.told = position
  copy.held = Math.max(copy.held, position)
  copy.fencedEpoch = Math.max(copy.fencedEpoch, found.fencedEpoch)
  copy.life = node.life
  segment.copies.set(node.id, copy)
  return undefined
}

function segmentOfCopy(replay: Replay, { topic, segment, createdEpoch }: CopyFound): ReplayedSegment | undefined {
  const found = replay.topics.get(topic)?.map(({ segments }) => segments.get(segment))
  return found?.find((one) => one?.createdEpoch === createdEpoch)
}

/** A fault of the disk, which the model has not: the copy answers nobody, until there is another one. */
function damaged({ copies }: ReplayedSegment, { id }: ReplayedNode): undefined {
  const copy = copies.get(id)
  if (copy !== undefined) copy.isRemoved = true
}

/** A crash may have come before a removal; then what was there may be there, or not. */
function leftOver({ copies, createdEpoch }: ReplayedSegment, { id, life }: ReplayedNode): ReplayedCopy {
  const taken = copies.get(id)?.held ?? 0
  return { ...newCopy(createdEpoch, life), taken, held: taken }
}

function lossOf(copy: Pick<ReplayedCopy, 'taken' | 'stored' | 'fencedEpoch'>, found: CopyFound): Refusal | undefined {
  const position = endPosition(found)
  if (position < copy.stored) {
    return broken('AckedForever', `the copy had ${copy.stored} records on stable storage, and ${position} are left`)
  }
  if (position > copy.taken) {
    return broken('CopiesArePrefixes', `it had taken ${copy.taken} records, and ${position} are on its disk`)
  }
  if (found.fencedEpoch < copy.fencedEpoch) {
    return broken('fenceIsDurable', `it has refused what is older than ${copy.fencedEpoch}, and has forgotten that`)
  }
  return undefined
}

/** What the node had on stable storage must be there. */
function opened(replay: Replay, node: ReplayedNode, version: number): Refusal | undefined {
  if (node.version !== version) return broken('waitsForBarrier', `its metadata is at version ${node.version ?? 0}`)
  for (const topics of replay.topics.values()) {
    for (const { name, segments } of topics) {
      for (const { id, copies } of segments.values()) {
        const copy = copies.get(node.id)
        if (copy === undefined || copy.isRemoved || copy.stored === 0 || copy.life === node.life) continue
        return broken('AckedForever', `its copy of segment ${id} of "${name}" with ${copy.stored} records is gone`)
      }
    }
  }
  node.openedVersion = version
  return undefined
}
