import { availableParallelism } from 'node:os'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { ProgressLine } from '../../fuzz/progress-line.js'
import type { Output } from '../../output.js'
import { minimize, type Minimized } from '../minimize.js'
import type { ClusterSeedResult } from '../run-cluster-seed.js'
import { clusterSabotages } from '../sabotage/cluster-sabotages.js'
import { SeedPool, type SeedJob } from './seed-pool.js'

interface Options {
  readonly seeds?: number
  readonly seed?: number
  readonly minutes?: number
  readonly failures: number
  readonly threads: number
  readonly faults?: number
  readonly without?: readonly number[]
  readonly sabotage?: string
  readonly trace?: string
}

const SEEDS = 100
const PROMISES_KEPT = 0
const PROMISE_BROKEN = 1
const NOT_UNDERSTOOD = 2
const TRACE_LINES_MAX = 60

/** Runs `npm run simulate -- …`. Resolves with the exit code. */
export async function simulateCommand(args: readonly string[], output: Output): Promise<number> {
  let exitCode = PROMISES_KEPT
  const pool = new SeedPool()
  const program = describeCommand(output).action(async (options: Options) => {
    const alone = options.seed !== undefined && options.seeds === undefined
    exitCode = alone ? await replay(pool, options.seed ?? 0, options, output) : await runMany(pool, options, output)
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? PROMISES_KEPT : NOT_UNDERSTOOD
    throw error
  } finally {
    await pool.close()
  }
}

function describeCommand(output: Output): Command {
  const write = (text: string): void => void output.write(text)
  return new Command('npm run simulate --')
    .description(
      'Runs whole clusters in virtual time, each from a seed, and holds what clients saw against the promises.',
    )
    .option(
      '--seeds <count>',
      `how many seeds to run (default: ${SEEDS}, or all there is time for with --minutes)`,
      positive,
    )
    .option(
      '--seed <seed>',
      'the first seed (default: 1); without --seeds that one alone, with all that happens',
      whole,
    )
    .option('--minutes <minutes>', 'stops after so many minutes, whatever is left', positive)
    .option('--failures <count>', 'stops after so many failures', positive, 3)
    .option('--threads <count>', 'threads that run seeds', positive, availableParallelism())
    .option('--faults <count>', 'only so many things go wrong in each run', whole)
    .option('--trace <file>', 'writes each step of the protocol, for npm run spec:trace; of one seed')
    .option('--without <faults>', 'leaves out the faults with these numbers, as in 3,7', numbers)
    .addOption(
      new Option('--sabotage <name>', 'runs clusters with that fault, which must be found').choices(
        Object.keys(clusterSabotages),
      ),
    )
    .addHelpText(
      'after',
      '\nExits with 0 when every promise was kept, 1 when one was broken, 2 when it was not understood.',
    )
    .configureOutput({ writeOut: write, writeErr: write })
    .exitOverride()
}

async function runMany(pool: SeedPool, options: Options, output: Output): Promise<number> {
  const { seed: first = 1, minutes = Infinity } = options
  const seeds = options.seeds ?? (minutes === Infinity ? SEEDS : Infinity)
  const startMs = Date.now()
  const cpuBefore = process.cpuUsage()
  const elapsedMs = (): number => Date.now() - startMs
  const progress = new ProgressLine(output, seeds)
  const results: ClusterSeedResult[] = []
  const failures: ClusterSeedResult[] = []
  let begun = 0
  const next = (): SeedJob | undefined => {
    if (begun >= seeds || failures.length >= options.failures || elapsedMs() > minutes * 60_000) return undefined
    begun += 1
    return jobOf(first + begun - 1, options)
  }
  await pool.runAll(options.threads, next, (result) => {
    results.push(result)
    if (result.failure !== undefined) {
      failures.push(result)
      progress.clear()
      output.write(`seed ${result.seed} failed: ${result.failure}\n`)
    }
    progress.show({ done: results.length, failed: failures.length, elapsedMs: elapsedMs() })
  })
  progress.clear()
  const { user, system } = process.cpuUsage(cpuBefore)
  output.write(summary(first, results, elapsedMs(), (user + system) / 1000))
  for (const failure of failures.slice(0, options.failures)) await explain(pool, failure, options, output)
  return failures.length === 0 ? PROMISES_KEPT : PROMISE_BROKEN
}

async function replay(pool: SeedPool, seed: number, options: Options, output: Output): Promise<number> {
  const { trace } = options
  const result = await pool.runOne({ ...jobOf(seed, options), recording: true, ...(trace !== undefined && { trace }) })
  for (const line of result.lines) output.write(`${line}\n`)
  output.write(`seed ${seed}, trace ${result.hash}: ${result.failure ?? 'every promise was kept'}\n`)
  return result.failure === undefined ? PROMISES_KEPT : PROMISE_BROKEN
}

/** The failure with as few faults as are quickly found, the last that happened, and the command that shows all of it. */
async function explain(pool: SeedPool, failed: ClusterSeedResult, options: Options, output: Output): Promise<void> {
  const { seed } = failed
  const job = jobOf(seed, options)
  const fewer = await minimize((faults) => pool.runOne({ ...job, ...faults }), failed.faultCount)
  const { failure, lines } = await pool.runOne({ ...job, ...fewer, recording: true })
  output.write(`seed ${seed} failed: ${failed.failure}\n`)
  output.write(
    `with ${fewer.faultsMax - fewer.without.length} of ${failed.faultCount} faults: ${failure ?? 'not again'}\n`,
  )
  output.write(`replay: npm run simulate -- --seed ${seed}${flagsOf(fewer, options)}\n`)
  for (const line of lines.slice(-TRACE_LINES_MAX)) output.write(`  ${line}\n`)
}

function jobOf(seed: number, { sabotage, faults, without }: Options): SeedJob {
  return {
    seed,
    ...(sabotage !== undefined && { sabotage }),
    ...(faults !== undefined && { faultsMax: faults }),
    ...(without && { without }),
  }
}

function flagsOf({ faultsMax, without }: Minimized, { sabotage }: Options): string {
  const left = without.length > 0 ? ` --without ${without.join(',')}` : ''
  return ` --faults ${faultsMax}${left}${sabotage === undefined ? '' : ` --sabotage ${sabotage}`}`
}

function summary(first: number, results: readonly ClusterSeedResult[], elapsedMs: number, cpuMs: number): string {
  const sum = (of: (result: ClusterSeedResult) => number): number => results.reduce((total, one) => total + of(one), 0)
  const seconds = Math.max(elapsedMs, 1) / 1000
  const simulatedSeconds = sum(({ simulatedMs }) => simulatedMs) / 1000
  const failed = results.filter(({ failure }) => failure !== undefined).length
  const cpuSeconds = Math.max(cpuMs, 1) / 1000
  const perCpuSecond = `${(results.length / cpuSeconds).toFixed(1)} seeds and ${Math.round(simulatedSeconds / cpuSeconds)}`
  return (
    `${results.length} seeds from ${first} in ${seconds.toFixed(1)} s (${(results.length / seconds).toFixed(1)} seeds/s, ` +
    `${Math.round(simulatedSeconds / seconds)} simulated seconds/s; ${perCpuSecond} simulated seconds per second of a ` +
    `processor), ${sum((one) => one.faultCount)} faults, ` +
    `${sum((one) => one.acknowledged)} entries acknowledged: ${failed === 0 ? 'every promise was kept' : `${failed} failed`}\n`
  )
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

function numbers(text: string): readonly number[] {
  return text.split(',').map(whole)
}
