import type { Budget, Case, Latency, Sample } from './benchmark.js'

/** A case after all its runs. */
export interface Result {
  readonly what: string
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly median: number
  readonly min: number
  readonly max: number
  /** Of the run that is the median. */
  readonly latency: Latency | undefined
  readonly mustReach: number | undefined
  readonly hopeFor: number | undefined
  readonly limit: { readonly what: string; readonly ratio: number } | undefined
  readonly verdict: 'reached' | 'not reached' | 'hoped for' | undefined
}

/**
 * Runs each case `runs` times after a warm-up. The cases take turns, so that a drift of the machine meets all of them.
 */
export async function measure(
  cases: readonly Case[],
  runs: number,
  onRun: (done: number, all: number) => void,
): Promise<Result[]> {
  const samples = new Map<string, Sample[]>(cases.map((one) => [one.what, []]))
  const all = cases.length * (runs + 1)
  for (let run = 0, done = 0; run <= runs; run++) {
    for (const one of cases) {
      const sample = await one.run()
      if (run > 0) samples.get(one.what)?.push(sample)
      onRun(++done, all)
    }
  }
  const medians = new Map([...samples].map(([what, list]) => [what, medianOf(list).value]))
  return cases.map((one) => summarize(one, samples.get(one.what) ?? [], medians))
}

function summarize(one: Case, samples: readonly Sample[], medians: ReadonlyMap<string, number>): Result {
  const median = medianOf(samples)
  const values = samples.map(({ value }) => value)
  const limitValue = one.limit === undefined ? undefined : medians.get(one.limit)
  const mustReach = resolve(one.mustReach, medians)
  const hopeFor = resolve(one.hopeFor, medians)
  return {
    what: one.what,
    unit: one.unit,
    better: one.better,
    median: median.value,
    min: Math.min(...values),
    max: Math.max(...values),
    latency: median.latency,
    mustReach,
    hopeFor,
    limit: one.limit !== undefined && limitValue ? { what: one.limit, ratio: median.value / limitValue } : undefined,
    verdict: verdictOf(median.value, one.better, mustReach, hopeFor),
  }
}

function medianOf(samples: readonly Sample[]): Sample {
  const sorted = [...samples].sort((a, b) => a.value - b.value)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? { value: NaN }
}

function resolve(budget: Budget | undefined, medians: ReadonlyMap<string, number>): number | undefined {
  if (typeof budget !== 'object') return budget
  const base = medians.get(budget.of)
  return base === undefined ? undefined : base * budget.factor
}

function verdictOf(value: number, better: 'more' | 'less', must?: number, hope?: number): Result['verdict'] {
  const meets = (budget: number): boolean => (better === 'more' ? value >= budget : value <= budget)
  if (hope !== undefined && meets(hope)) return 'hoped for'
  if (must === undefined) return undefined
  return meets(must) ? 'reached' : 'not reached'
}
