import type { NodeId, TopicMetadata } from './metadata/model.js'
import { lastSegment } from './segment.js'

/** A node's right to write one segment under one epoch, until a moment of its own monotonic clock. */
export interface Lease {
  readonly segment: number
  readonly epoch: number
  /** First millisecond (or tick) at which the lease is over. */
  readonly expiresAtMs: number
}

/** What a node knows when it asks whether it may write. Both times are of one clock that only grows. */
export interface LeaseQuestion {
  readonly node: NodeId
  /** When this node last knew that a quorum of voters heard it. A single voter is its own quorum: now. */
  readonly quorumContactMs: number
  /** How long that is good for. Invariant: shorter than the silence after which others fence the segment. */
  readonly leaseDurationMs: number
}

/** Whether a node may write a topic, and if not, why. */
export type LeaseDecision =
  | { readonly kind: 'granted'; readonly lease: Lease }
  /** Another node leads: send it there. */
  | { readonly kind: 'not-leader'; readonly leader: NodeId }
  /** The segment is being recovered, so nobody may write the topic: wait for newer metadata. */
  | { readonly kind: 'recovering' }

/**
 * The lease that metadata and the last contact with a quorum give. It may be over already: `leaseHeld` says so, at the
 * moment of the append and not of the decision.
 */
export function decideLease(topic: TopicMetadata, question: LeaseQuestion): LeaseDecision {
  const segment = lastSegment(topic)
  if (segment.state !== 'open') return { kind: 'recovering' }
  if (segment.leader !== question.node) return { kind: 'not-leader', leader: segment.leader }
  const expiresAtMs = question.quorumContactMs + question.leaseDurationMs
  return { kind: 'granted', lease: { segment: segment.id, epoch: segment.epoch, expiresAtMs } }
}

/** True when the lease covers that segment under that epoch and is not over. A time that is not a number is over. */
export function leaseHeld(lease: Lease, target: Pick<Lease, 'segment' | 'epoch'>, nowMs: number): boolean {
  return lease.segment === target.segment && lease.epoch === target.epoch && nowMs < lease.expiresAtMs
}
