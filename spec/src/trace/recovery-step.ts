import type { RecoveryEvent } from '@walrus/core'
import type { ReplayedReport } from './replay-state.js'
import type { Scene } from './scene.js'
import { broken, waits, type Refusal } from './verdict.js'

/** The model's `recover`: the segment ends at the longest copy among enough of its replicas (decideRecovery). */
export function recoveryDecided({ replay, node, segment }: Scene, event: RecoveryEvent): Refusal | undefined {
  const { epoch, reports, entryCount, controlCount } = event
  const unheard = reports.find((report) => !segment.reports.some((told) => isSame(told, { ...report, epoch })))
  if (unheard !== undefined) {
    return waits(`node ${unheard.node} has not told that it has ${unheard.entryCount} entries under epoch ${epoch}`)
  }
  const decision = replay.decisions.decideRecovery(segment, reports)
  if (decision.kind === 'wait') return broken('decideRecovery', `${decision.missing} more replicas must be heard`)
  const { source } = decision
  if (source.entryCount !== entryCount || source.controlCount !== controlCount) {
    const counts = `${source.entryCount} entries and ${source.controlCount} control batches`
    return broken('decideRecovery', `the longest copy has ${counts}, on node ${source.node}`)
  }
  segment.recoveries.push({ node: node.id, epoch, entryCount, controlCount })
  return undefined
}

function isSame(left: ReplayedReport, right: ReplayedReport): boolean {
  return (
    left.node === right.node &&
    left.epoch === right.epoch &&
    left.createdEpoch === right.createdEpoch &&
    left.entryCount === right.entryCount &&
    left.controlCount === right.controlCount
  )
}
