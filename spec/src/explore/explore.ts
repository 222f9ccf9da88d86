import { assert } from '@walrus/core'
import { canonicalKey } from '../model/canonical-key.js'
import { describeState } from './describe-state.js'
import { initialState } from '../model/initial-state.js'
import type { State } from '../model/state.js'
import { ACTIONS } from '../actions/actions.js'
import type { Step, World } from '../actions/step.js'
import { INVARIANTS } from '../invariants/invariants.js'
import { StateGraph } from './state-graph.js'

/** What an exploration found. */
export interface Exploration {
  readonly states: number
  readonly steps: number
  /** Steps from the first state to the farthest. */
  readonly depth: number
  /** Whether each reachable state was seen. */
  readonly exhausted: boolean
  readonly violation: Violation | undefined
  readonly graph: StateGraph
  /** How often each action led somewhere. An action that never did was not checked. */
  readonly taken: ReadonlyMap<string, number>
}

/** A state that must not be, and the shortest way to it. */
export interface Violation {
  readonly invariant: string
  readonly fault: string
  /** The steps from the first state. */
  readonly trace: readonly string[]
  /** The state that they lead to. */
  readonly end: readonly string[]
}

export interface Limits {
  readonly statesMax: number
  /** Called now and then with the number of states and the depth. */
  readonly onProgress?: (states: number, depth: number) => void
}

/**
 * Sees every state that can be reached, breadth first, and checks each: so the first fault found is one of the nearest.
 * States that differ only in the names of nodes are one. Stops at the first fault.
 */
export function explore(world: World, limits: Limits): Exploration {
  const graph = new StateGraph()
  const taken = new Map<string, number>()
  const first = initialState(world.configuration)
  graph.add(canonicalKey(first), -1)
  let frontier: readonly State[] = [first]
  let firstOfLevel = 0
  for (let depth = 0; ; depth += 1) {
    const next: State[] = []
    for (const [at, state] of frontier.entries()) {
      const index = firstOfLevel + at
      graph.mark(index, state, world)
      const broken = brokenInvariant(world, state)
      if (broken !== undefined) {
        const violation = { ...broken, ...wayTo(world, graph, index) }
        return { states: graph.size, steps: graph.edges, depth, exhausted: false, violation, graph, taken }
      }
      visit(world, graph, state, index, next, taken)
      if (index % 5_000 === 0) limits.onProgress?.(graph.size, depth)
    }
    firstOfLevel += frontier.length
    frontier = next
    const exhausted = next.length === 0
    if (exhausted || graph.size > limits.statesMax) {
      return { states: graph.size, steps: graph.edges, depth, exhausted, violation: undefined, graph, taken }
    }
  }
}

/** Each thing that can happen in a state. */
export function stepsOf(world: World, state: State): readonly Step[] {
  const steps: Step[] = []
  for (const action of Object.values(ACTIONS)) action(world, state, (step) => steps.push(step))
  return steps
}

function visit(
  world: World,
  graph: StateGraph,
  state: State,
  index: number,
  next: State[],
  taken: Map<string, number>,
): void {
  for (const [name, action] of Object.entries(ACTIONS)) {
    action(world, state, ({ kind, state: after }) => {
      taken.set(name, (taken.get(name) ?? 0) + 1)
      const size = graph.size
      const target = graph.add(canonicalKey(after), index)
      graph.connect(index, target, kind)
      if (graph.size > size) next.push(after)
    })
  }
}

function brokenInvariant(
  world: World,
  state: State,
): { readonly invariant: string; readonly fault: string } | undefined {
  for (const [invariant, check] of Object.entries(INVARIANTS)) {
    const fault = check(world, state)
    if (fault !== undefined) return { invariant, fault }
  }
  return undefined
}

/** Walks the way again, because states are kept by their keys only. */
export function wayTo(world: World, graph: StateGraph, index: number): Pick<Violation, 'trace' | 'end'> {
  const trace: string[] = []
  let state = initialState(world.configuration)
  for (const key of graph.keysTo(index)) {
    const step = stepsOf(world, state).find((one) => canonicalKey(one.state) === key)
    assert(step !== undefined, 'a way can be walked again')
    trace.push(step.label)
    state = step.state
  }
  return { trace, end: describeState(state) }
}
