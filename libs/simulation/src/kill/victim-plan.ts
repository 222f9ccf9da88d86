import { seededRandom } from '@walrus/testing'
import type { FsyncSchedule } from '@walrus/wal'
import { oneOf } from '../plan/random-choice.js'
import type { EnginePlan } from '../plan/seed-plan.js'

/** What a victim is told. */
export interface VictimOrder {
  readonly path: string
  readonly backend: string
  /** Decides what this life does. */
  readonly seed: number
  /** Calls are numbered from here on: no number comes twice in all lives. */
  readonly firstCall: number
  /** True for the last one: it finds what there is, appends to each topic, and closes. */
  readonly isLast: boolean
}

export const TOPICS = ['alpha', 'beta', 'gamma'] as const

/** The cursor that is told where to go. */
export const CURSOR = 'audit'

/** How many calls one life makes at most. */
export const CALLS_PER_LIFE_MAX = 100_000

/** How the engine is opened in a life. After the death of a process alone, all that was acknowledged is there under any schedule. */
export function victimEngine(seed: number): EnginePlan {
  const random = seededRandom(seed)
  return {
    fsync: oneOf<FsyncSchedule>(random, [{ kind: 'each' }, { kind: 'interval', milliseconds: 5 }, { kind: 'none' }]),
    consistency: { kind: 'StrictlyAtOnce' },
    blockBytes: 4096,
    fileBytes: 256 * 1024,
    batchBytesMax: oneOf(random, [2000, 256 * 1024]),
    segmentBytesMax: oneOf(random, [5000, 40_000]),
  }
}
