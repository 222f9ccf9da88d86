import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { resolveBackend, type StorageChoice } from '@walrus/embedded'
import { reasonOf } from '@walrus/core'
import { temporaryFolder } from '@walrus/testing'
import type { Output } from '../output.js'
import { ProgressLine } from '../fuzz/progress-line.js'
import { Violation } from '../model/violation.js'
import { runKillCycles } from './kill-cycles.js'

/** Backends whose files outlive a process. */
export const KILLABLE_BACKENDS = ['fd', 'mmap', 'uring'] as const

interface Options {
  readonly kills: number
  readonly backend?: StorageChoice
  readonly seed: number
}

const PROMISES_KEPT = 0
const PROMISE_BROKEN = 1
const NOT_UNDERSTOOD = 2

/** Runs `npm run kill:wal -- …`. Resolves with the exit code. */
export async function killCommand(args: readonly string[], output: Output): Promise<number> {
  let exitCode = PROMISES_KEPT
  const program = describeCommand(output).action(async (options: Options) => {
    const backends = options.backend === undefined ? KILLABLE_BACKENDS : [options.backend]
    for (const backend of backends) exitCode ||= await killOn(backend, options, output)
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? PROMISES_KEPT : NOT_UNDERSTOOD
    throw error
  }
}

function describeCommand(output: Output): Command {
  const write = (text: string): void => void output.write(text)
  return new Command('npm run kill:wal --')
    .description(
      'Kills a process that uses the storage engine, at random moments, and compares what the next one finds.',
    )
    .option('--kills <count>', 'how often, on each backend', positive, 200)
    .addOption(new Option('--backend <name>', 'one backend (default: each that can be had)').choices(KILLABLE_BACKENDS))
    .option('--seed <seed>', 'decides what is done; the moments are never quite the same', positive, 1)
    .addHelpText(
      'after',
      '\nExits with 0 when every promise was kept, 1 when one was broken, 2 when it was not understood.',
    )
    .configureOutput({ writeOut: write, writeErr: write })
    .exitOverride()
}

async function killOn(backend: StorageChoice, options: Options, output: Output): Promise<number> {
  const unavailable = reasonNotToUse(backend)
  if (unavailable !== undefined) {
    output.write(`${backend}: ${unavailable}\n`)
    return options.backend === undefined ? PROMISES_KEPT : NOT_UNDERSTOOD
  }
  const { kills, seed } = options
  const folder = await temporaryFolder()
  const progress = new ProgressLine(output, kills)
  const startMs = Date.now()
  const onKill = (done: number): void => progress.show({ done, failed: 0, elapsedMs: Date.now() - startMs })
  try {
    const { recoveries, ackedCalls } = await runKillCycles({ path: folder.path, backend, seed, kills, onKill })
    progress.clear()
    const what = `${recoveries} recoveries compared, ${ackedCalls} acknowledged calls: every promise was kept`
    output.write(`${backend}: ${kills} kills in ${((Date.now() - startMs) / 1000).toFixed(1)} s, ${what}\n`)
    await folder.remove()
    return PROMISES_KEPT
  } catch (error) {
    progress.clear()
    const why = error instanceof Violation ? error.message : reasonOf(error)
    output.write(`${backend}: ${why}\n  the directory is left as it is: ${folder.path}\n`)
    return PROMISE_BROKEN
  }
}

function reasonNotToUse(backend: StorageChoice): string | undefined {
  try {
    resolveBackend(backend)
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

function positive(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value <= 0) throw new InvalidArgumentError('not a whole number above 0')
  return value
}
