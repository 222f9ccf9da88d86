import type { World } from '../actions/step.js'
import type { State } from '../model/state.js'

/** What is wrong with a state; undefined: nothing. */
export type Invariant = (world: World, state: State) => string | undefined
