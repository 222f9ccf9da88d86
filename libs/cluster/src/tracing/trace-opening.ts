import type { SegmentLog } from '@walrus/core'
import type { NodeContext } from '../node-context.js'

/** The node takes part from now on, with what it has stored. */
export function traceOpening({ trace, storage, metadata }: NodeContext): void {
  if (trace === undefined) return
  for (const log of storage.segments()) trace.record({ kind: 'copy-found', ...described(log) })
  trace.record({ kind: 'node-opened', version: metadata.state.version })
}

function described({ topic, segment, epoch: createdEpoch, fencedEpoch, entryCount, position, sealed }: SegmentLog) {
  return { topic, segment, createdEpoch, fencedEpoch, entryCount, controlCount: position - entryCount, sealed }
}
