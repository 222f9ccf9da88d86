import type { SegmentLog } from '@walrus/core'
import type { NodeContext } from '../node-context.js'

/** The node takes part from now on, with what it has stored. */
export function traceOpening({ trace, storage, metadata }: NodeContext): void {
  if (trace === undefined) return
  for (const log of storage.segments()) trace.record({ kind: 'copy-found', ...described(log) })
  trace.record({ kind: 'node-opened', version: metadata.state.version })
}

function described(log: SegmentLog) {
  const { topic, segment, epoch: createdEpoch, fencedEpoch, entryCount, position, sealed } = log
  const damaged = log.damagedFrom !== undefined
  // Of a damaged segment, entries are counted that are not there.
  const controlCount = Math.max(0, position - entryCount)
  return { topic, segment, createdEpoch, fencedEpoch, entryCount, controlCount, sealed, damaged }
}
