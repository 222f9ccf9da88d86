import type { ClusterSeedResult } from './run-cluster-seed.js'

/** A failing run with fewer faults. */
export interface Minimized {
  /** Only the first so many faults happen. */
  readonly faultsMax: number
  /** And none of these, by number from 1. */
  readonly without: readonly number[]
}

/**
 * Fewer faults that still break something: the shortest beginning that is found by halving, then without each of the rest that
 * is not needed. Every step is one more run, so there are at most `runsMax`.
 */
export async function minimize(
  run: (faults: Minimized) => Promise<Pick<ClusterSeedResult, 'failure'>>,
  faultCount: number,
  runsMax = 40,
): Promise<Minimized> {
  let left = runsMax
  const fails = async (faults: Minimized): Promise<boolean> => left-- > 0 && (await run(faults)).failure !== undefined
  let faultsMax = faultCount
  for (let step = Math.ceil(faultCount / 2); step >= 1; step = step === 1 ? 0 : Math.ceil(step / 2)) {
    while (faultsMax >= step && (await fails({ faultsMax: faultsMax - step, without: [] }))) faultsMax -= step
  }
  let without: readonly number[] = []
  for (let fault = 1; fault < faultsMax; fault += 1) {
    const fewer = [...without, fault]
    if (await fails({ faultsMax, without: fewer })) without = fewer
  }
  return { faultsMax, without }
}
