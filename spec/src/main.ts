import { parseArgs } from 'node:util'
import { LARGE, SMALL } from './configurations.js'
import { explore, wayTo, type Exploration, type Violation } from './explore/explore.js'
import { GOAL_FAULTS, GOALS } from './invariants/goals.js'
import { INVARIANTS } from './invariants/invariants.js'
import type { Configuration } from './model/configuration.js'
import { RULES, type Rules } from './model/rules.js'
import { MUTATIONS } from './mutations.js'

const HELP = `Explores every state of small clusters, made of the decisions of libs/core, and checks each.

  npm run spec:check -- [--size small|large] [--configuration NAME]... [--mutation NAME | --mutations] [--states-max N] [--list]

  --size            small (the default: within two minutes) or large (minutes to an hour, several GB of memory)
  --configuration   only this one; may be given more than once
  --mutation        with this deliberate fault, in the configuration in which it does harm; prints the shortest way to it
  --mutations       each deliberate fault: all must be found
  --states-max      stop a configuration after so many states (then it counts as not finished)
  --list            names of configurations, invariants, goals and mutations

Exit code: 0 all is as it must be; 1 something is broken, or a mutation was not found; 2 not finished, or wrong arguments.`

/** Runs the check as the command line says; returns the exit code. */
export function main(argv: readonly string[], print: (line: string) => void): number {
  const options = parsed(argv)
  if (typeof options === 'string') {
    print(options)
    return options === HELP ? 0 : 2
  }
  if (options.list) return list(print)
  if (options.mutations || options.mutation !== undefined) return checkMutations(options, print)
  return checkConfigurations(options, print)
}

interface Options {
  readonly size: string
  readonly configuration: readonly string[]
  readonly mutation: string | undefined
  readonly mutations: boolean
  readonly statesMax: number
  readonly list: boolean
}

function parsed(argv: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        size: { type: 'string', default: 'small' },
        configuration: { type: 'string', multiple: true, default: [] },
        mutation: { type: 'string' },
        mutations: { type: 'boolean', default: false },
        'states-max': { type: 'string', default: '20000000' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) return HELP
    return (
      faultOf(values.size, Number(values['states-max'])) ?? {
        ...values,
        mutation: values.mutation,
        statesMax: Number(values['states-max']),
      }
    )
  } catch (error) {
    return `Cannot read the arguments: ${(error as Error).message}\n\n${HELP}`
  }
}

function faultOf(size: string, statesMax: number): string | undefined {
  if (size !== 'small' && size !== 'large') return `Cannot explore size "${size}": only small and large are known`
  if (!(statesMax >= 1)) return 'Cannot explore: --states-max is not a number from 1'
  return undefined
}

function list(print: (line: string) => void): number {
  for (const { name, says } of Object.values(SMALL)) print(`configuration ${name}: ${says}`)
  for (const { name, says } of Object.values(LARGE)) print(`configuration ${name} (large): ${says}`)
  for (const name of Object.keys(INVARIANTS)) print(`invariant ${name}`)
  for (const name of Object.keys(GOALS)) print(`goal ${name}`)
  for (const { name, says } of MUTATIONS) print(`mutation ${name}: ${says}`)
  return 0
}

function checkConfigurations(
  { size, configuration: names, statesMax }: Options,
  print: (line: string) => void,
): number {
  const all: readonly Configuration[] = Object.values(size === 'large' ? { ...SMALL, ...LARGE } : SMALL)
  const chosen = all.filter(({ name }) => names.length === 0 || names.includes(name))
  const unknown = names.find((name) => !all.some((one) => one.name === name))
  if (unknown !== undefined) {
    print(`Cannot explore "${unknown}": it is not a configuration of size ${size}`)
    return 2
  }
  const totals = { states: 0, steps: 0, code: 0 }
  for (const configuration of chosen) {
    const found = examine(configuration, RULES, statesMax)
    totals.states += found.exploration.states
    totals.steps += found.exploration.steps
    totals.code = Math.max(totals.code, report(configuration, found, print))
  }
  print(`${chosen.length} configurations, ${totals.states} states, ${totals.steps} steps`)
  return totals.code
}

/** What is wrong with a configuration: an invariant, or a goal that cannot be reached any more. */
export interface Examined {
  readonly exploration: Exploration
  readonly seconds: number
  readonly broken: Broken | undefined
}

interface Broken extends Pick<Violation, 'fault' | 'trace' | 'end'> {
  /** The invariant, or the goal. */
  readonly name: string
}

/** Explores a configuration, and then looks for states from which some goal is out of reach. */
export function examine(configuration: Configuration, rules: Rules, statesMax: number): Examined {
  const started = performance.now()
  const world = { configuration, rules }
  const exploration = explore(world, { statesMax })
  const { violation } = exploration
  const broken = violation === undefined ? undefined : { ...violation, name: violation.invariant }
  const stuck = broken === undefined && exploration.exhausted ? stuckGoal(world, exploration) : undefined
  return { exploration, seconds: (performance.now() - started) / 1000, broken: broken ?? stuck }
}

/** With one copy, a segment waits for its node; with more, a minority may stay away for ever. */
function stuckGoal(
  world: { readonly configuration: Configuration; readonly rules: Rules },
  { graph }: Exploration,
): Examined['broken'] {
  const restarts = world.configuration.replicationFactor === 1
  for (const [goal, name] of Object.keys(GOALS).entries()) {
    const index = graph.stuckBefore(goal, restarts)
    if (index === undefined) continue
    return {
      name,
      fault: `from here on, whatever the living nodes do, ${GOAL_FAULTS[name]}`,
      ...wayTo(world, graph, index),
    }
  }
  return undefined
}

function report(
  configuration: Configuration,
  { exploration, seconds, broken }: Examined,
  print: (line: string) => void,
): number {
  const { states, steps, depth, exhausted } = exploration
  const size = `${states} states, ${steps} steps, depth ${depth}, ${seconds.toFixed(1)} s`
  if (broken !== undefined) {
    print(`${configuration.name}: ${broken.name} is broken: ${broken.fault} (${size})`)
    printWay(broken, print)
    return 1
  }
  print(
    `${configuration.name}: ${exhausted ? 'all states are right' : 'not finished'} (${size}): ${configuration.says}`,
  )
  return exhausted ? 0 : 2
}

function printWay({ trace, end }: Broken, print: (line: string) => void): void {
  for (const [at, line] of trace.entries()) print(`${String(at + 1).padStart(4)}. ${line}`)
  print('  Then')
  for (const line of end) print(`      ${line}`)
}

function checkMutations({ mutation, statesMax }: Options, print: (line: string) => void): number {
  const chosen = MUTATIONS.filter(({ name }) => mutation === undefined || name === mutation)
  if (chosen.length === 0) {
    print(`Cannot explore mutation "${mutation}": it is not known`)
    return 2
  }
  let code = 0
  for (const { name, says, configuration, rules, breaks, steps } of chosen) {
    const { exploration, broken } = examine(configuration, rules, statesMax)
    const length = broken?.trace.length
    const found = broken === undefined ? `NOT FOUND` : `${broken.name} in ${length} steps: ${broken.fault}`
    print(`${name} (${says}), in ${configuration.name}: ${found} (${exploration.states} states)`)
    if (mutation !== undefined && broken !== undefined) printWay(broken, print)
    if (broken?.name !== breaks || length !== steps) code = 1
  }
  return code
}
