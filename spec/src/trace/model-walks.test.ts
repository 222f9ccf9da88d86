import { expect } from 'chai'
import type { World } from '../actions/step.js'
import { LARGE, SMALL } from '../configurations.js'
import { explore, stepsOf } from '../explore/explore.js'
import { INVARIANTS } from '../invariants/invariants.js'
import { initialState } from '../model/initial-state.js'
import { RULES } from '../model/rules.js'
import type { State } from '../model/state.js'
import { MUTATIONS, type Mutation } from '../mutations.js'
import { replayTraces } from './merge.js'
import { ModelRun } from './model-run.test.js'

const WALKS = 30
const STEPS_MAX = 80

/**
 * A trace has no clock: until somebody is fenced, a lease that is over too late does nothing. When a copy gives its tail up is not
 * said either: a trace may end before.
 */
const UNSEEN = ['lease-never-expires', 'tail-kept']

/** What a mutation is refused for. */
const CAUSES: Readonly<Record<string, string>> = {
  'no-gate-before-seal': 'gateCloses',
  'count-before-drain': 'countsTheLog',
  'seal-without-compare-and-set': 'applyProposal',
  'ack-before-quorum': 'AckedForever',
  'ack-before-sync': 'AckedForever',
  'counters-from-memory': 'countsTheLog',
  'end-not-recorded': 'gateCloses',
  'replica-ignores-epoch': 'metadataFences',
  'replica-ignores-position': 'decideReplicate',
  'fence-is-forgotten': 'decideReplicate',
  'start-without-barrier': 'decideReplicate',
  'fence-before-drain': 'confirmsDurable',
  'fenced-leader-goes-on': 'gateCloses',
  'recovery-takes-shortest': 'decideRecovery',
  'recovery-hears-too-few': 'decideRecovery',
  'seal-before-copies': 'copiesBeforeSeal',
  'cursor-not-fenced': 'cursorBeforeDelivery',
  'cursor-from-memory': 'stateFromWholeCopy',
  'state-from-any-copy': 'SequentialWriteOrder',
  'restarted-leader-goes-on': 'restartFences',
  'refused-commit-rewritten': 'stopsWhenRefused',
  'duplicate-stored-twice': 'SequentialWriteOrder',
  'producers-forgotten-at-rollover': 'SequentialWriteOrder',
}

describe('the replay of traces, against the model', () => {
  for (const configuration of Object.values({ ...SMALL, ...LARGE })) {
    it(`allows what the model does (${configuration.name})`, function () {
      this.timeout(60_000)
      const world = { configuration, rules: RULES }
      for (let walk = 0; walk < WALKS; walk += 1) {
        const { run, labels } = randomWalk(world, walk + 1)
        const { fault, events } = replayTraces([run.lines])
        expect(fault?.join('\n'), [`walk ${walk}`, ...labels].join('\n')).to.equal(undefined)
        expect(events).to.equal(run.lines.length)
      }
    })
  }

  for (const mutation of MUTATIONS.filter(({ name, breaks }) => breaks in INVARIANTS && !UNSEEN.includes(name))) {
    it(`refuses the way to the harm of ${mutation.name}: ${mutation.says}`, function () {
      this.timeout(120_000)
      const run = new ModelRun(worldOf(mutation), initialState(mutation.configuration))
      const states = wayToHarm(mutation)
      for (const [at, after] of states.slice(1).entries()) run.step(states[at] ?? after, after)
      startAll(worldOf(mutation), run, states.at(-1))
      const { fault } = replayTraces([run.lines])
      expect(fault?.join('\n') ?? 'nothing').to.include(CAUSES[mutation.name] ?? ': ')
    })
  }
})

/** What a disk has lost shows when its node is back. */
function startAll(world: World, run: ModelRun, last: State | undefined): void {
  for (let state = last; state !== undefined;) {
    const before: State = state
    state = stepsOf(world, before).find(({ kind }) => kind === 'restart')?.state
    if (state !== undefined) run.step(before, state)
  }
}

function worldOf({ configuration, rules }: Mutation): World {
  return { configuration, rules }
}

/** The same walk for the same seed. */
function randomWalk(world: World, seed: number): { run: ModelRun; labels: string[] } {
  let state = initialState(world.configuration)
  const run = new ModelRun(world, state)
  const labels: string[] = []
  let random = seed
  for (let at = 0; at < STEPS_MAX; at += 1) {
    const steps = stepsOf(world, state)
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0
    const step = steps[(random >>> 8) % Math.max(1, steps.length)]
    if (step === undefined) break
    run.step(state, step.state)
    labels.push(step.label)
    state = step.state
  }
  return { run, labels }
}

/** The states on the shortest way, which the exploration names by the labels of its steps. */
function wayToHarm(mutation: Mutation): readonly State[] {
  const world = worldOf(mutation)
  const labels = explore(world, { statesMax: 1_000_000 }).violation?.trace ?? []
  const check = INVARIANTS[mutation.breaks]
  const found = walked(
    world,
    [initialState(mutation.configuration)],
    labels,
    (state) => check?.(world, state) !== undefined,
  )
  if (found === undefined) throw new Error(`The way to the harm of "${mutation.name}" cannot be walked again`)
  return found
}

/** Several steps may have one label. */
function walked(
  world: World,
  states: readonly State[],
  labels: readonly string[],
  isHarm: (state: State) => boolean,
): readonly State[] | undefined {
  const state = states.at(-1)
  const [label, ...rest] = labels
  if (state === undefined || label === undefined) return state !== undefined && isHarm(state) ? states : undefined
  for (const step of stepsOf(world, state)) {
    if (step.label !== label) continue
    const found = walked(world, [...states, step.state], rest, isHarm)
    if (found !== undefined) return found
  }
  return undefined
}
