import { CommanderError } from 'commander'
import { createProgram } from './program.js'

const EXIT_FAILED = 1
const EXIT_USAGE = 2

process.stdout.on('error', leaveOnOutputError)
try {
  await createProgram().parseAsync()
} catch (error) {
  process.exitCode = exitCodeFor(error)
}

/** Commander has already written what there is to say about its own errors. */
function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
  process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`)
  return EXIT_FAILED
}

/** A reader that went away (`walrus-cli get logs | head -c 1`) needs no message. */
function leaveOnOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') process.stderr.write(`Error: Cannot write to standard output: ${error.message}\n`)
  process.exit(EXIT_FAILED)
}
