import { between, oneOf } from '../plan/random-choice.js'
import { planSeed } from '../plan/seed-plan.js'
import { checkRecovery } from './check-recovery.js'
import type { Machine } from './machine.js'
import { appendOne } from './operations.js'
import { play, type RunOptions, type SeedResult } from './scenario.js'
import { quiesce, step, waitForInterval } from './schedule.js'
import type { Stage } from './stage.js'

/** Runs a seed: several lives of the engine on one disk, each ended by a crash, a kill or a close, each compared with the model. */
export function runSeed(seed: number, options: RunOptions = {}): Promise<SeedResult> {
  return play(planSeed(seed), options, async (machine) => {
    for (let life = 1; life <= machine.world.plan.lives; life += 1) {
      machine.world.trace.add(() => `life ${life}`)
      if (!(await live(machine))) return
    }
    await liveOn(machine)
  })
}

/** False when the run is over: something is lost, which may be, and all that was promised is there. */
async function live(machine: Machine): Promise<boolean> {
  const { random, plan, calls } = machine.world
  calls.reset(between(random, 0, plan.disk.faultsPerLifeMax))
  const stage = await machine.open()
  if (!stage) {
    machine.losePower()
    return true
  }
  if (!(await checkRecovery(stage))) return false
  for (let steps = between(random, 1, plan.stepsPerLifeMax); steps > 0; steps -= 1) await step(stage)
  const ending = oneOf(random, ENDINGS)
  machine.world.trace.add(() => `ending: ${ending}`)
  await endings[ending](machine, stage)
  return true
}

/** No faults any more: everything is there, goes on, and is there after it. */
async function liveOn(machine: Machine): Promise<void> {
  machine.world.trace.add(() => 'last life')
  const stage = await machine.openForSure()
  if (!(await checkRecovery(stage))) return
  for (const topic of machine.world.plan.topics) appendOne(stage, topic)
  await quiesce(stage)
  await machine.close(stage)
  machine.losePower()
  await checkRecovery(await machine.openForSure())
}

/** The ways in which a life ends. */
const endings = {
  power: async (machine: Machine): Promise<void> => machine.losePower(),

  /**
   * A removal that failed is undecided as long as the disk is: what the next process sees of it may change when the power
   * goes, and nobody is promised anything. So the power goes at once.
   */
  kill: async (machine: Machine): Promise<void> => {
    const { calls, topics } = machine.world
    const undecided = calls.faultCount > 0 && [...topics.values()].some(({ shrinking }) => shrinking)
    if (undecided) machine.losePower()
    else machine.kill()
  },

  /** All is closed, and then the process or the machine ends. */
  close: async (machine: Machine, stage: Stage): Promise<void> => {
    const clean = await machine.close(stage)
    if (clean && machine.world.random() < 0.5) machine.kill()
    else machine.losePower()
  },

  /** The power goes while it is being closed. */
  closing: async (machine: Machine, stage: Stage): Promise<void> => {
    await machine.close(stage, between(machine.world.random, 0, 10))
    machine.losePower()
  },

  /** The power goes when nothing is under way any more. */
  rest: async (machine: Machine, stage: Stage): Promise<void> => {
    await waitForInterval(stage)
    machine.losePower()
  },
}

/** How often each, in proportion. */
const ENDINGS: readonly [keyof typeof endings, ...(keyof typeof endings)[]] = [
  ...(['power', 'power', 'power', 'kill', 'close', 'close', 'closing', 'rest'] as const),
]
