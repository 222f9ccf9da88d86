import { assert, WalrusError, type MetadataCommand, type NodeId } from '@walrus/core'
import type { RaftMetadataLog } from '@walrus/metadata-raft'
import type { Admission, AdmissionRequest } from '@walrus/protocol'
import { RaftError } from '@walrus/raft'
import { nextAdmissionStep, refusalOf, type ClusterView } from './admission-step.js'
import { nextRemovalStep } from './removal-step.js'

/** The cluster as this node knows it now. */
export function viewOf(log: RaftMetadataLog, clusterId: string): ClusterView {
  const { voterConfigurations, learners } = log.status()
  return { clusterId, metadata: log.state, voters: [...new Set(voterConfigurations.flat())], learners }
}

/**
 * Takes a node in as far as that is possible now, on the leader: a learner that lags stays one until it asks again. Rejects
 * with `NODE_REFUSED`, with `NOT_LEADER` when another node must be asked, or with `UNAVAILABLE` or `TIMED_OUT`.
 */
export async function takeIn(log: RaftMetadataLog, clusterId: string, request: AdmissionRequest): Promise<Admission> {
  await settled(log.node.readIndex())
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const step = nextAdmissionStep(viewOf(log, clusterId), request)
    switch (step.kind) {
      case 'refuse':
        throw refused(request.nodeId, step.reason)
      case 'announce':
        await change(log, { kind: 'UpsertNode', node: step.node })
        break
      case 'add-learner':
        await settled(log.node.addLearner(request.nodeId))
        break
      case 'wait':
        return admissionOf(log, clusterId, request.nodeId, 'learner')
      case 'promote':
        if (!(await promoted(log, request.nodeId))) return admissionOf(log, clusterId, request.nodeId, 'learner')
        break
      case 'done':
        return admissionOf(log, clusterId, request.nodeId, 'voter')
    }
  }
  throw new WalrusError('UNAVAILABLE', `Cannot admit node ${request.nodeId}: the membership changes meanwhile`)
}

/** Takes a node out, on the leader. Rejects like `takeIn`, and with `NODE_IN_USE` or `INVALID_ARGUMENT`. */
export async function takeOut(log: RaftMetadataLog, clusterId: string, nodeId: NodeId): Promise<void> {
  await settled(log.node.readIndex())
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const step = nextRemovalStep(viewOf(log, clusterId), nodeId)
    switch (step.kind) {
      case 'refuse':
        throw new WalrusError(step.code, `Cannot remove node ${nodeId}: ${step.reason}`)
      case 'remove-member':
        await settled(log.node.remove(nodeId))
        break
      case 'remove-node':
        await change(log, { kind: 'RemoveNode', id: nodeId })
        break
      case 'done':
        return
    }
  }
  throw new WalrusError('UNAVAILABLE', `Cannot remove node ${nodeId}: the membership changes meanwhile`)
}

/** Throws `NODE_REFUSED` when any member can say that the node is not taken. */
export function refuseForGood(view: ClusterView, request: AdmissionRequest): void {
  const reason = refusalOf(view, request)
  if (reason !== undefined) throw refused(request.nodeId, reason)
}

/** Resolves like `work`; what Raft says is said in the words of the port. */
export async function settled(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    throw failureOf(error)
  }
}

/** More than either of the two ways has. */
const STEPS_MAX = 8

function admissionOf(
  log: RaftMetadataLog,
  clusterId: string,
  nodeId: NodeId,
  standing: Admission['standing'],
): Admission {
  const { lastLogIndex, replication, addresses } = log.status()
  const lagEntries = Math.max(0, lastLogIndex - (replication?.get(nodeId) ?? 0))
  return { standing, lagEntries, clusterId, members: addresses }
}

/** A command that others have overtaken is no failure: the next step is decided anew. */
async function change(log: RaftMetadataLog, command: MetadataCommand): Promise<void> {
  const result = await log.propose(command)
  assert(result.outcome !== 'rejected' || result.reason !== 'invalid-command', 'steps are valid commands')
}

async function promoted(log: RaftMetadataLog, nodeId: NodeId): Promise<boolean> {
  try {
    await log.node.promote(nodeId)
    return true
  } catch (error) {
    if (error instanceof RaftError && error.code === 'RAFT_CHANGE_REFUSED' && error.reason === 'learner-lags')
      return false
    throw failureOf(error)
  }
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof RaftError)) return error
  return new WalrusError(error.code === 'RAFT_NOT_LEADER' ? 'NOT_LEADER' : 'UNAVAILABLE', error.message, error)
}

function refused(nodeId: NodeId, reason: string): WalrusError {
  return new WalrusError('NODE_REFUSED', `Cannot take node ${nodeId} into the cluster: ${reason}`)
}
