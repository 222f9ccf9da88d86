import { type Directive } from '../data-driven.js'
import { commands } from './commands.js'
import { Environment } from './environment.js'

/** Whole nodes that a file puts through a conversation. */
export class InteractionScenario {
  readonly #environment = new Environment()

  run(directive: Directive): string {
    const { output } = this.#environment
    output.take()
    const command = commands[directive.command]
    const error = command === undefined ? 'unknown command' : command(this.#environment, directive)
    if (error !== undefined && output.isQuiet) return error
    if (error !== undefined) output.print(error)
    const text = output.take()
    return text === '' ? 'ok' : text
  }
}
