import type { Configuration } from '../model/configuration.js'
import type { Rules } from '../model/rules.js'
import type { State } from '../model/state.js'

/** What one exploration is about. */
export interface World {
  readonly configuration: Configuration
  readonly rules: Rules
}

/** Something that can happen next. */
export interface Step {
  /** `fault`: what may go wrong, and need not. `restart`: a node comes back. `protocol`: what a fair world does. */
  readonly kind: 'fault' | 'restart' | 'protocol'
  readonly label: string
  readonly state: State
}

/** Tells of each thing of one sort that can happen in a state. */
export type Action = (world: World, state: State, emit: (step: Step) => void) => void
