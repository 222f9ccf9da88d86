import { parseArgs } from 'node:util'
import { replayTraces } from './merge.js'
import { eventsIn, TraceFileError } from './trace-file.js'

const HELP = `Replays what real nodes did against the steps and invariants of the model.

  npm run spec:trace -- FILE...

  FILE    written by a broker with --trace FILE: the traces of all nodes of one cluster, from its first start on,
          each node in one file

Each step has to be one that the model allows at that moment, and the traces have to be consumed to their end.

Exit code: 0 the model allows the run; 1 it does not: which line, and why, with the state around it; 2 the traces cannot be read, or
wrong arguments.`

/** Runs the validation as the command line says; returns the exit code. */
export function main(argv: readonly string[], print: (line: string) => void): number {
  const files = parsed(argv)
  if (typeof files === 'string') {
    print(files)
    return files === HELP ? 0 : 2
  }
  try {
    return validate(files, print)
  } catch (error) {
    if (!(error instanceof TraceFileError)) throw error
    print(error.message)
    return 2
  }
}

function validate(files: readonly string[], print: (line: string) => void): number {
  const startMs = performance.now()
  const { events, nodes, segments, fault } = replayTraces(files.map((file) => eventsIn(file)))
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  const size = `${events} events of ${nodes} nodes, ${segments} segments, ${seconds} s`
  if (fault === undefined && events > 0) {
    print(`The model allows this run: ${size}`)
    return 0
  }
  for (const line of fault ?? ['There are no events']) print(line)
  print(`The model does not allow this run, after ${size}`)
  return 1
}

function parsed(argv: readonly string[]): readonly string[] | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h', default: false } },
    })
    if (values.help) return HELP
    return positionals.length > 0 ? positionals : `Cannot replay: no trace is given\n\n${HELP}`
  } catch (error) {
    return `Cannot read the arguments: ${(error as Error).message}\n\n${HELP}`
  }
}
