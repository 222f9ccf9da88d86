import { Violation } from '../model/violation.js'
import type { SeedPlan } from '../plan/seed-plan.js'
import { Machine, type Sabotage } from './machine.js'
import { Trace } from './trace.js'

export interface RunOptions {
  /** Keep the trace. */
  readonly recording?: boolean
  readonly sabotage?: Sabotage
}

/** One run is over. */
export interface SeedResult {
  readonly seed: number
  /** Undefined when every promise was kept. */
  readonly failure: SeedFailure | undefined
  /** Empty unless it was recorded. */
  readonly trace: readonly string[]
}

export interface SeedFailure {
  readonly message: string
  /** The boundary that the disk of the last life had reached. */
  readonly boundary: number
}

/** Plays a scenario on a new machine; what goes wrong is the result. */
export async function play(
  plan: SeedPlan,
  { recording = false, sabotage = {} }: RunOptions,
  scenario: (machine: Machine) => Promise<void>,
): Promise<SeedResult> {
  const trace = new Trace(recording)
  const machine = new Machine(plan, sabotage, trace)
  trace.add(() => `plan: ${JSON.stringify(machine.world.plan)}`)
  const failure = await failureOf(machine, scenario)
  trace.add(() => failure?.message ?? 'every promise was kept')
  return { seed: plan.seed, failure, trace: trace.lines }
}

async function failureOf(
  machine: Machine,
  scenario: (machine: Machine) => Promise<void>,
): Promise<SeedFailure | undefined> {
  try {
    await scenario(machine)
    return undefined
  } catch (error) {
    return { message: inWords(error), boundary: machine.boundary }
  }
}

function inWords(error: unknown): string {
  if (error instanceof Violation) return error.message
  return `the run broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}
