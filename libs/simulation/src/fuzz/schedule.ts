import { between, weighted } from '../plan/random-choice.js'
import { Violation } from '../model/violation.js'
import { operations } from './operations.js'
import { turnOfTheLoop, type Stage } from './stage.js'

const IDLE_ROUNDS_MAX = 20

/** One step of the world, by chance: a caller calls, the disk goes on, a turn of the loop, or time. */
export async function step(stage: Stage): Promise<void> {
  const { random, calls, plan } = stage.world
  const kind = random()
  if (kind < 0.5) begin(stage)
  else if (calls.count > 0 && kind < 0.8) calls.release()
  else if (kind < 0.97) stage.clock.runDeferred()
  else passTime(stage, between(random, 1, 40))
  if (plan.disk.holdChance === 0) stage.clock.runDeferred()
  await stage.settle()
}

/** The disk and the loop go on, without new calls, until nothing moves any more. */
export async function quiesce(stage: Stage): Promise<void> {
  await runToEnd(stage)
  if (stage.pendingCount > 0) throw new Violation(`${stage.pendingCount} calls never settle`)
}

/** As `quiesce`, for the time of one interval more: what was acked is durable then, if no fault came in between. */
export async function waitForInterval(stage: Stage): Promise<void> {
  const { fsync } = stage.world.plan.engine
  await quiesce(stage)
  if (fsync.kind !== 'interval') return
  const marks = [...stage.world.topics.values()].map((topic) => ({ topic, mark: topic.mark() }))
  passTime(stage, fsync.milliseconds + 1)
  await quiesce(stage)
  if (stage.world.calls.faultCount > 0) return
  for (const { topic, mark } of marks) topic.noteDurable(mark)
}

/** What is under way goes on until nothing moves, whatever is left; at most for so many rounds. */
export async function runToEnd(stage: Stage, roundsMax = Infinity): Promise<void> {
  const { calls } = stage.world
  await stage.settle()
  let idleRounds = 0
  for (let round = 0; round < roundsMax && idleRounds < IDLE_ROUNDS_MAX; round += 1) {
    const moves = calls.count > 0 || stage.clock.deferredCount > 0
    if (!moves && stage.pendingCount === 0) return
    idleRounds = moves ? 0 : idleRounds + 1
    calls.release()
    stage.clock.runDeferred()
    await stage.settle()
  }
}

/** Lets the world go on until the call has settled, without comparing anything. */
export async function finish<T>(stage: Stage, call: Promise<T>): Promise<T> {
  let pending = true
  const settled = (): void => void (pending = false)
  call.then(settled, settled)
  for (let idleRounds = 0; pending; idleRounds += 1) {
    if (stage.world.calls.count + stage.clock.deferredCount > 0) idleRounds = 0
    if (idleRounds > IDLE_ROUNDS_MAX) throw new Violation('a call never settles')
    stage.world.calls.release()
    stage.clock.runDeferred()
    await turnOfTheLoop()
  }
  return call
}

function begin(stage: Stage): void {
  const { random, plan } = stage.world
  const operation = weighted(random, operations)
  const topic = plan.topics[Math.floor(random() * plan.topics.length)]
  if (operation && topic !== undefined) operation.begin(stage, topic)
}

function passTime(stage: Stage, milliseconds: number): void {
  stage.world.trace.add(() => `${milliseconds} ms pass`)
  stage.clock.advance(milliseconds)
}
