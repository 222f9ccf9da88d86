import { endPosition, type CopyEvent } from '@walrus/core'
import {
  copyFor,
  copyOn,
  segmentView,
  store,
  type Replay,
  type ReplayedCopy,
  type ReplayedNode,
} from './replay-state.js'
import type { Scene } from './scene.js'
import { broken, waits, type Refusal } from './verdict.js'

type Of<Kind extends CopyEvent['kind']> = Extract<CopyEvent, { readonly kind: Kind }>
type InScene = Exclude<CopyEvent, { readonly kind: 'removed' }>

/** The model's `receiveStretch`, `sync`, `recover` (hear and copy), `completeCopy` and what a node does when it learns of a seal. */
export function copyStep(scene: Scene, event: InScene): Refusal | undefined {
  switch (event.kind) {
    case 'taken':
      return mayTake(scene, event) ?? taken(scene, event)
    case 'stored':
      return stored(scene, event)
    case 'fenced':
      return fenced(scene, event)
    case 'fetched':
      return fetched(scene, event)
    case 'copied':
      return copied(scene, event)
    case 'truncated':
      return truncated(scene, event)
  }
}

/** What metadata, as the node has it, says of the stretch; then its copy (decideReplicate). */
function mayTake({ replay, node, segment }: Scene, event: Of<'taken'>): Refusal | undefined {
  const view = segmentView(replay, node, segment)
  if (view === undefined) return broken('NoWritesPastOpenSegment', 'its metadata does not have the segment yet')
  if (view.epoch > event.epoch) {
    return broken('metadataFences', `it takes what is of epoch ${event.epoch}, and its metadata is at ${view.epoch}`)
  }
  const { leader, replicas, createdEpoch, log } = segment
  if (leader === node.id || !replicas.includes(node.id) || event.epoch !== createdEpoch) {
    return broken('SingleWriterPerSegment', `node ${leader} writes it under epoch ${createdEpoch}, for others`)
  }
  if (view.state === 'sealed' && event.end > endPosition(view)) {
    return broken('SealedCountsStable', `it takes records up to ${event.end}, and it ends at ${endPosition(view)}`)
  }
  if (log.end >= event.end) return undefined
  return waits(`its leader has appended ${log.end} records so far, and it has taken ${event.end}`)
}

function taken({ replay, node, segment }: Scene, event: Of<'taken'>): Refusal | undefined {
  const copy = copyFor(segment, node)
  // The disk has refused what was in flight.
  if (event.position < copy.taken && event.position >= copy.stored) copy.taken = event.position
  const epoch = Math.max(copy.fencedEpoch, segment.promised.get(node.id) ?? 0)
  const decision = replay.decisions.decideReplicate({ epoch, position: copy.taken }, event)
  switch (decision.kind) {
    case 'append':
      copy.taken = event.end
      return undefined
    case 'stale':
      return broken('decideReplicate', `it takes what is of epoch ${event.epoch}, and has promised ${decision.epoch}`)
    case 'gap':
      return broken('decideReplicate', `it takes records from ${event.position} on, and its copy ends at ${copy.taken}`)
  }
}

function stored({ node, segment }: Scene, { epoch, position }: Of<'stored'>): Refusal | undefined {
  const copy = copyFor(segment, node)
  if (epoch !== segment.createdEpoch) {
    return broken('SingleWriterPerSegment', `it is written under epoch ${segment.createdEpoch}`)
  }
  if (position > copy.taken) {
    return broken('confirmsDurable', `it says to have ${position} records, and has taken ${copy.taken}`)
  }
  store(copy, position)
  copy.told = Math.max(copy.told, position)
  return undefined
}

/** What is in flight is settled, older epochs are refused from now on, and the leader that is here writes nothing more. */
function fenced({ replay, node, segment }: Scene, event: Of<'fenced'>): Refusal | undefined {
  const { epoch, createdEpoch, entryCount } = event
  const view = segmentView(replay, node, segment)
  if (view === undefined || view.epoch < epoch) {
    return broken('metadataFences', `it is fenced at epoch ${epoch}, and its metadata is at ${view?.epoch ?? 'none'}`)
  }
  const copy = createdEpoch === segment.createdEpoch ? copyFor(segment, node) : copyOn(segment, node.id)
  const refusal = copy && reportFault(copy, event, segment.log.entriesBefore(endPosition(event)))
  if (refusal !== undefined) return refusal
  if (copy !== undefined) {
    copy.taken = copy.stored = endPosition(event)
    copy.held = Math.max(copy.held, copy.stored)
    copy.fencedEpoch = Math.max(copy.fencedEpoch, epoch)
  }
  segment.promised.set(node.id, Math.max(epoch, segment.promised.get(node.id) ?? 0))
  segment.reports.push({ node: node.id, epoch, createdEpoch, entryCount, controlCount: event.controlCount })
  if (segment.writer?.life === node.life && segment.leader === node.id)
    segment.writer.over = `it was fenced at epoch ${epoch}`
  return undefined
}

function reportFault(copy: ReplayedCopy, event: Of<'fenced'>, entries: number | undefined): Refusal | undefined {
  const position = endPosition(event)
  if (copy.fencedEpoch > event.epoch) {
    return broken('decideReplicate', `it has promised epoch ${copy.fencedEpoch}, and is fenced at ${event.epoch}`)
  }
  if (position < copy.stored || position > copy.taken) {
    const range = `${copy.stored} on stable storage of ${copy.taken} that it has taken`
    return broken('fenceDrains', `it tells of ${position} records, with ${range}`)
  }
  if (entries === event.entryCount) return undefined
  return broken('CopiesArePrefixes', `it tells of ${event.entryCount} entries, and the log has ${entries ?? 'others'}`)
}

/** From another copy, up to where a coordinator has ended the segment; who knows the end from metadata takes nothing behind it. */
function fetched({ replay, node, segment }: Scene, event: Of<'fetched'>): Refusal | undefined {
  const { epoch, source, position, end } = event
  const view = segmentView(replay, node, segment)
  if (view === undefined || view.state === 'open' || view.epoch < epoch) {
    return broken('decideCopy', 'its metadata has the segment as open')
  }
  if (view.state === 'sealed' && end > endPosition(view)) {
    return broken('SealedCountsStable', `it fetches records up to ${end}, and it ends at ${endPosition(view)}`)
  }
  if ((decidedEnd(segment.end, epoch, segment.recoveries) ?? 0) < end) {
    return waits(`it fetches records up to ${end}, and no such end was decided`)
  }
  const held = segment.copies.get(source)?.held ?? 0
  if (held < end) return waits(`it fetches records up to ${end}, and node ${source} has had ${held}`)
  const copy = copyFor(segment, node)
  if (position < copy.stored || position > copy.taken) {
    return broken('CopiesArePrefixes', `it fetches records from ${position} on, and its copy ends at ${copy.taken}`)
  }
  copy.taken = end
  return undefined
}

function copied({ node, segment }: Scene, { position }: Of<'copied'>): Refusal | undefined {
  const copy = copyFor(segment, node)
  if (position > copy.taken) {
    return broken('confirmsDurable', `it says to have ${position} records, and has taken ${copy.taken}`)
  }
  store(copy, position)
  return undefined
}

function decidedEnd(
  sealedEnd: number | undefined,
  epoch: number,
  recoveries: Scene['segment']['recoveries'],
): number | undefined {
  const ends = recoveries.filter((one) => one.epoch === epoch).map((one) => endPosition(one))
  if (sealedEnd !== undefined) ends.push(sealedEnd)
  return ends.length === 0 ? undefined : Math.max(...ends)
}

function truncated({ replay, node, segment }: Scene, { position }: Of<'truncated'>): Refusal | undefined {
  const view = segmentView(replay, node, segment)
  const copy = copyOn(segment, node.id)
  if (view?.state !== 'sealed' || endPosition(view) !== position || copy === undefined || copy.taken < position) {
    return broken('truncatesTail', `it gives up what is behind ${position}, which is not behind the end of the segment`)
  }
  copy.taken = copy.stored = position
  return undefined
}

/** Nothing in the node's copy counts any more. */
export function removed(replay: Replay, node: ReplayedNode, { topic, segment }: Of<'removed'>): undefined {
  for (const { segments } of replay.topics.get(topic) ?? []) {
    const copy = segments.get(segment)?.copies.get(node.id)
    if (copy !== undefined) copy.isRemoved = true
  }
}
