import type { ConsensusStatus } from '@walrus/core'

/** What a node says of itself to operators. */
export interface SelfReport {
  readonly role: ConsensusStatus['role']
  readonly term: number
  /** Metadata commands that it has applied. */
  readonly version: number
  readonly ready: boolean
  readonly leaving: boolean
  readonly diskFull: boolean
}

/** The report in what another node has answered, or undefined when there is none in it. */
export function parseReport(answer: unknown): SelfReport | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined
  const { role, term, version, ready, leaving, diskFull } = answer as Record<string, unknown>
  if (!isRole(role) || !isCount(term) || !isCount(version)) return undefined
  if (typeof ready !== 'boolean' || typeof leaving !== 'boolean' || typeof diskFull !== 'boolean') return undefined
  return { role, term, version, ready, leaving, diskFull }
}

const ROLES: readonly ConsensusStatus['role'][] = ['Learner', 'Follower', 'Candidate', 'Leader', 'Shutdown']

function isRole(value: unknown): value is ConsensusStatus['role'] {
  return ROLES.some((role) => role === value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
