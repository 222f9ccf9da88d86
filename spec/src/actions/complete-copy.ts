import { endPosition, segmentById } from '@walrus/core'
import type { Copy, State } from '../model/state.js'
import { copyOf, nodeIds, nodeOf, viewOf, withCopy, type SegmentPlace } from '../model/update.js'
import type { Action, World } from './step.js'

/**
 * A replica that lacks a part of a sealed segment pulls it from one that is whole.
 *
 * Code: libs/cluster/src/replication/segment-repair.ts#complete, libs/core/src/copy-verdict.ts#decideCopy
 */
export const completeCopy: Action = (world, state, emit) => {
  if (!world.configuration.repairs) return
  for (const place of copiesOfLivingNodes(state)) {
    const next = completed(world, state, place)
    if (next === undefined) continue
    emit({ kind: 'protocol', label: `node ${place.node} completes its copy of segment ${place.segment}`, state: next })
  }
}

function completed({ rules }: World, state: State, place: SegmentPlace): State | undefined {
  const segment = segmentById(viewOf(state, place), place.segment)
  const copy = copyOf(state, place)
  if (segment?.state !== 'sealed' || copy === undefined) return undefined
  const stored = { position: copy.log.length, epoch: segment.createdEpoch, sealed: copy.ended }
  if (rules.decisions.decideCopy(stored, segment) !== 'complete') return undefined
  const end = endPosition(segment)
  const source = wholeCopy(state, place, end)
  if (source === undefined) return undefined
  const log = [...copy.log, ...source.log.slice(copy.log.length, end)]
  return withCopy(state, place, { ...copy, log, durable: end, committed: end })
}

function wholeCopy(state: State, place: SegmentPlace, end: number): Copy | undefined {
  const living = nodeIds(state).filter((node) => nodeOf(state, node).up)
  return living.map((node) => copyOf(state, { ...place, node })).find((copy) => (copy?.durable ?? 0) >= end)
}

function copiesOfLivingNodes(state: State): readonly SegmentPlace[] {
  return nodeIds(state)
    .filter((node) => nodeOf(state, node).up)
    .flatMap((node) =>
      nodeOf(state, node).topics.flatMap(({ copies }, topic) =>
        copies.map((_, index) => ({ node, topic, segment: index + 1 })),
      ),
    )
}
