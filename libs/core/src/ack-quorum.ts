import type { AckPolicy } from './metadata/model.js'

/** Durable copies that an acknowledgement needs. A majority unless told: then any two quorums share a replica. */
export function ackQuorum(replicaCount: number, ack: AckPolicy = 'quorum'): number {
  switch (ack) {
    case 'leader':
      return Math.min(1, replicaCount)
    case 'quorum':
      return majority(replicaCount)
    case 'all':
      return replicaCount
  }
}

/**
 * Replicas that must have been heard before a segment may be sealed at the longest copy among them: enough that every
 * set of `quorum` replicas has one of them, so that no acknowledged entry is missed. With a quorum of one that would be
 * all of them; there the policy has given the promise up, and a majority will do.
 */
export function recoveryQuorum(replicaCount: number, quorum: number): number {
  return quorum === 1 ? majority(replicaCount) : replicaCount - quorum + 1
}

/** The smallest number of `count` that is more than half. */
export function majority(count: number): number {
  return Math.floor(count / 2) + 1
}
