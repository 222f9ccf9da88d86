import { sameMeaning } from './compare.js'
import { parseScenario, rewriteScenario, type Directive } from './data-driven.js'
import { InteractionScenario } from './interaction/interaction-family.js'
import { MembershipScenario } from './membership-family.js'
import { runQuorumDirective } from './quorum-family.js'

/** A directive that printed something else than the file expects. */
export interface Mismatch {
  readonly line: number
  readonly command: string
  readonly expected: string
  readonly actual: string
}

export interface ScenarioResult {
  readonly directiveCount: number
  readonly mismatches: readonly Mismatch[]
  /** The file with the outputs of this run in place of the expected ones. */
  readonly rewritten: string
}

/**
 * Runs a file of any of the three families (quorum, membership changes, interaction), which its first command tells apart.
 * Outputs are compared by meaning: log prose is left out. Throws when the file cannot be read.
 */
export function runScenario(text: string): ScenarioResult {
  const file = parseScenario(text)
  const run = runnerFor(file.directives[0]?.command ?? '')
  const outputs: string[] = []
  const mismatches: Mismatch[] = []
  for (const directive of file.directives) {
    const actual = runSafely(run, directive)
    outputs.push(actual)
    const { line, command, expected } = directive
    if (!sameMeaning(expected, actual)) mismatches.push({ line, command, expected, actual })
  }
  return { directiveCount: file.directives.length, mismatches, rewritten: rewriteScenario(file, outputs) }
}

type Runner = (directive: Directive) => string

function runnerFor(command: string): Runner {
  if (command === 'committed' || command === 'vote') return runQuorumDirective
  if (command === 'simple' || command === 'enter-joint' || command === 'leave-joint') {
    const scenario = new MembershipScenario()
    return (directive) => scenario.run(directive)
  }
  const scenario = new InteractionScenario()
  return (directive) => scenario.run(directive)
}

/** A violated invariant fails the directive that met it, and is shown there. */
function runSafely(run: Runner, directive: Directive): string {
  try {
    return run(directive)
  } catch (error) {
    return `FAILED ${error instanceof Error ? error.message : String(error)}`
  }
}
