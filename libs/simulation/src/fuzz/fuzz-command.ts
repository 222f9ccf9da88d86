import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Output } from '../output.js'
import { sabotages, type SabotageName } from '../sabotage/sabotages.js'
import { describeFailure } from './failure-report.js'
import { ProgressLine } from './progress-line.js'
import { runBitFlips } from './run-bit-flips.js'
import { runSeed } from './run-seed.js'
import type { RunOptions, SeedResult } from './scenario.js'

interface Options {
  readonly seeds?: number
  readonly seed?: number
  readonly minutes?: number
  readonly flips?: boolean
  readonly sabotage?: SabotageName
  readonly failures: number
}

const SEEDS = 1000
const PROMISES_KEPT = 0
const PROMISE_BROKEN = 1
const NOT_UNDERSTOOD = 2

/** Runs `npm run fuzz:wal -- …`. Resolves with the exit code. */
export async function fuzzCommand(args: readonly string[], output: Output): Promise<number> {
  let exitCode = PROMISES_KEPT
  const program = describeCommand(output).action(async (options: Options) => {
    const alone = options.seed !== undefined && options.seeds === undefined
    exitCode = alone ? await replay(options, options.seed ?? 0, output) : await runMany(options, output)
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
  const names = Object.keys(sabotages) as SabotageName[]
  const write = (text: string): void => void output.write(text)
  return new Command('npm run fuzz:wal --')
    .description('Runs the storage engine in seeded worlds that crash, and compares what comes back with its promises.')
    .option('--seeds <count>', `how many seeds to run (default: ${SEEDS})`, positive)
    .option(
      '--seed <seed>',
      'the first seed (default: 1); without --seeds that one alone, with all that happens',
      whole,
    )
    .option('--flips', 'turns over bits of durable data, in place of crashes with faults')
    .option('--minutes <minutes>', 'stops after so many minutes, whatever is left', positive)
    .option('--failures <count>', 'stops after so many failures', positive, 3)
    .addOption(new Option('--sabotage <name>', 'runs an engine with that fault, which must be found').choices(names))
    .addHelpText(
      'after',
      '\nExits with 0 when every promise was kept, 1 when one was broken, 2 when it was not understood.',
    )
    .configureOutput({ writeOut: write, writeErr: write })
    .exitOverride()
}

async function runMany(options: Options, output: Output): Promise<number> {
  const { seed: first = 1, seeds = SEEDS, minutes = Infinity } = options
  const startMs = Date.now()
  const progress = new ProgressLine(output, seeds)
  let failed = 0
  let done = 0
  while (done < seeds && failed < options.failures && Date.now() < startMs + minutes * 60_000) {
    const result = await run(first + done, options)
    done += 1
    if (result.failure) {
      failed += 1
      progress.clear()
      output.write(describeFailure(await run(result.seed, options, true), flagsOf(options)))
    }
    progress.show({ done, failed, elapsedMs: Date.now() - startMs })
  }
  progress.clear()
  output.write(`${summary(first, done, failed, Date.now() - startMs)}\n`)
  return failed === 0 ? PROMISES_KEPT : PROMISE_BROKEN
}

function summary(first: number, done: number, failed: number, elapsedMs: number): string {
  const seconds = Math.max(elapsedMs, 1) / 1000
  const rate = `${seconds.toFixed(1)} s, ${Math.round(done / seconds)}/s`
  return `${done} seeds from ${first} (${rate}): ${failed === 0 ? 'every promise was kept' : `${failed} failed`}`
}

async function replay(options: Options, seed: number, output: Output): Promise<number> {
  const { trace, failure } = await run(seed, options, true)
  output.write(`${trace.join('\n')}\n`)
  const verdict = failure ? `failed at boundary ${failure.boundary}` : 'keeps every promise'
  output.write(`seed ${seed} ${verdict}\n`)
  return failure ? PROMISE_BROKEN : PROMISES_KEPT
}

function run(seed: number, { flips, sabotage }: Options, recording = false): Promise<SeedResult> {
  const options: RunOptions = { recording, ...(sabotage !== undefined && { sabotage: sabotages[sabotage] }) }
  return flips === true ? runBitFlips(seed, options) : runSeed(seed, options)
}

function flagsOf({ flips, sabotage }: Options): string {
  return `${flips === true ? ' --flips' : ''}${sabotage === undefined ? '' : ` --sabotage "${sabotage}"`}`
}

function whole(text: string): number {
  const value = Number(text)
  if (text === '' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('not a whole number from 0')
  return value
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('not a number above 0')
  return value
}
