import type { Random } from '@walrus/testing'
import type { TestClusterOptions } from './test-cluster.js'
import type { TestCluster } from './test-cluster.js'

/** What a scenario is asked to do. */
export interface ScenarioOptions {
  /** How long the part lasts that has a length. */
  readonly seconds: number
  readonly writers: number
  readonly topics: number
  readonly seed: number
  readonly random: Random
  /** Tells what is going on, one line at a time. */
  readonly note: (line: string) => void
  /** Starts the cluster of the scenario; it is removed when the scenario is over, however it ends. */
  readonly startCluster: (options: Partial<TestClusterOptions>) => Promise<TestCluster>
}

/** One test on real brokers, by itself. */
export interface Scenario {
  readonly name: string
  readonly about: string
  readonly defaults: { readonly seconds: number; readonly writers: number; readonly topics?: number }
  /** Resolves with what was seen, in one line; rejects with what is wrong. */
  readonly run: (options: ScenarioOptions) => Promise<string>
}

/** Fails with the first few of the faults, if there are any. */
export function expectNone(faults: readonly string[], about: string): void {
  if (faults.length === 0) return
  const shown = faults.slice(0, FAULTS_SHOWN).join('; ')
  throw new Error(`${about}: ${faults.length} faults: ${shown}`)
}

/** Fails with `message` unless the condition holds. */
export function expectThat(condition: boolean, message: string): void {
  if (!condition) throw new Error(message)
}

const FAULTS_SHOWN = 5
