import type { FsyncSchedule, ReadConsistency, RetentionPolicy } from '@walrus/wal'
import type { Random } from '@walrus/testing'
import { between, oneOf, streamOf } from './random-choice.js'

/** What the seed says of the disk: the fault policy of a run. */
export interface DiskPlan {
  /** Chance that a call waits at a boundary while others go on. */
  readonly holdChance: number
  /** Chance that a call of a life with faults fails. */
  readonly faultChance: number
  readonly faultsPerLifeMax: number
  /** Chance that an un-synced sector goes astray in a crash. */
  readonly strayChance: number
  readonly spaceBytes: number
  /** Whether files say that a durable write costs less than a write and a sync. */
  readonly durableWrite: boolean
}

/** How the engine is opened. */
export interface EnginePlan {
  readonly fsync: FsyncSchedule
  readonly consistency: ReadConsistency
  readonly blockBytes: number
  readonly fileBytes: number
  readonly batchBytesMax: number
  readonly segmentBytesMax: number
  /** What the engine drops by itself; undefined: nothing. */
  readonly retention?: RetentionPolicy
  readonly retentionCheckMs?: number
}

/** All that one seed decides before the first step. */
export interface SeedPlan {
  readonly seed: number
  /** library: through `Walrus`. storage: through `LogStorage`, as a node of a cluster does it. */
  readonly surface: 'library' | 'storage'
  readonly disk: DiskPlan
  readonly engine: EnginePlan
  readonly topics: readonly string[]
  readonly lives: number
  readonly stepsPerLifeMax: number
  /** The largest entries of the run; most are much smaller. */
  readonly entryBytesMax: number
}

/** The same seed gives the same plan, forever. */
export function planSeed(seed: number): SeedPlan {
  const random = streamOf(seed, 0)
  const surface = random() < 0.5 ? 'library' : 'storage'
  const disk = planDisk(random)
  return {
    seed,
    surface,
    disk,
    engine: { ...planEngine(random), ...(surface === 'library' && planRetention(streamOf(seed, 6), disk)) },
    topics: ['alpha', 'beta', 'gamma', 'delta', 'epsilon'].slice(0, between(random, 1, 5)),
    lives: between(random, 2, 5),
    stepsPerLifeMax: oneOf(random, [30, 60, 120]),
    entryBytesMax: oneOf(random, [200, 900, 3000, 12_000]),
  }
}

function planDisk(random: Random): DiskPlan {
  return {
    holdChance: oneOf(random, [0, 0.3, 0.7]),
    faultChance: 0.05,
    faultsPerLifeMax: oneOf(random, [0, 0, 1, 3]),
    strayChance: oneOf(random, [0, 0, 0.2]),
    spaceBytes: oneOf(random, [Infinity, Infinity, 160_000]),
    durableWrite: random() < 0.5,
  }
}

function planEngine(random: Random): EnginePlan {
  const blockCount = oneOf(random, [1, 3, 8, 24])
  const blockBytes = oneOf(random, [4096, 4096, 8192])
  return {
    fsync: oneOf<FsyncSchedule>(random, [{ kind: 'each' }, { kind: 'interval', milliseconds: 50 }, { kind: 'none' }]),
    consistency: planConsistency(random),
    blockBytes,
    fileBytes: 8192 + blockCount * (blockBytes + 512),
    batchBytesMax: oneOf(random, [300, 2000, 256 * 1024]),
    segmentBytesMax: oneOf(random, [700, 3000, 12_000, 64 * 1024 * 1024]),
  }
}

/** With a slot that cannot be read, what is half removed looks like damage: retention goes with disks that misdirect nothing. */
function planRetention(random: Random, { strayChance }: DiskPlan): Pick<EnginePlan, 'retention' | 'retentionCheckMs'> {
  if (strayChance > 0 || random() < 0.6) return {}
  const policies = [{ consumed: true }, { bytes: 6000 }, { bytes: 30_000 }, { ageMs: 100 }] as const
  return { retention: oneOf<RetentionPolicy>(random, policies), retentionCheckMs: 20 }
}

function planConsistency(random: Random): ReadConsistency {
  if (random() < 0.6) return { kind: 'StrictlyAtOnce' }
  return { kind: 'AtLeastOnce', persistEvery: between(random, 1, 6) }
}
