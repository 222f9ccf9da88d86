import { endPosition, segmentById } from '@walrus/core'
import { copyOf, newestTopic, nodeIds, nodeOf, withCopy } from '../model/update.js'
import type { Action } from './step.js'

/** A replica that lacks a part of a sealed segment pulls it from one that is whole (libs/cluster/src/replication). */
export const completeCopy: Action = (world, state, emit) => {
  if (!world.configuration.repairs) return
  for (const node of nodeIds(state)) {
    if (!nodeOf(state, node).up) continue
    for (const [topic, { copies }] of nodeOf(state, node).topics.entries()) {
      for (const [index, copy] of copies.entries()) {
        const place = { node, topic, segment: index + 1 }
        const segment = segmentById(newestTopic(state, topic), place.segment)
        if (copy === undefined || segment?.state !== 'sealed' || copy.log.length >= endPosition(segment)) continue
        const end = endPosition(segment)
        const source = nodeIds(state).find(
          (other) => nodeOf(state, other).up && (copyOf(state, { ...place, node: other })?.durable ?? 0) >= end,
        )
        const from = source === undefined ? undefined : copyOf(state, { ...place, node: source })
        if (from === undefined) continue
        const log = [...copy.log, ...from.log.slice(copy.log.length, end)]
        const whole = { ...copy, log, durable: end, committed: end }
        emit({
          kind: 'protocol',
          label: `node ${node} completes segment ${place.segment} from node ${source}`,
          state: withCopy(state, place, whole),
        })
      }
    }
  }
}
