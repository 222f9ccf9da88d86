import { Command, InvalidArgumentError, Option } from 'commander'
import { sabotages, type SabotageName } from '../sabotage/sabotages.js'
import { describeFailure } from './failure-report.js'
import { runBitFlips } from './run-bit-flips.js'
import { runSeed } from './run-seed.js'
import type { RunOptions, SeedResult } from './scenario.js'

interface Options {
  readonly seeds: number
  readonly from: number
  readonly seed?: number
  readonly minutes?: number
  readonly bitFlips?: boolean
  readonly sabotage?: SabotageName
  readonly failures: number
}

const names = Object.keys(sabotages) as SabotageName[]

const program = new Command('npm run fuzz:wal --')
  .description('Runs the storage engine in seeded worlds that crash, and compares what comes back with its promises.')
  .option('--seeds <count>', 'how many seeds to run', positive, 1000)
  .option('--from <seed>', 'the first seed', whole, 1)
  .option('--seed <seed>', 'runs this seed alone, and prints all that happens', whole)
  .option('--minutes <minutes>', 'stops after so many minutes, whatever is left', positive)
  .option('--bit-flips', 'turns over bits of durable data, in place of crashes with faults')
  .option('--failures <count>', 'stops after so many failures', positive, 3)
  .addOption(new Option('--sabotage <name>', 'runs an engine with that fault, which must be found').choices(names))
  .action(async (options: Options) => {
    process.exitCode = options.seed === undefined ? await runMany(options) : await replay(options, options.seed)
  })

await program.parseAsync()

async function runMany(options: Options): Promise<number> {
  const startMs = Date.now()
  const deadlineMs = startMs + (options.minutes ?? Infinity) * 60_000
  let failures = 0
  let done = 0
  while (done < options.seeds && failures < options.failures && Date.now() < deadlineMs) {
    const result = await run(options.from + done, options)
    done += 1
    showProgress(done, options.seeds)
    if (!result.failure) continue
    failures += 1
    write(describeFailure(await run(result.seed, options, true), flagsOf(options)))
  }
  showProgress(0, 0)
  const seconds = (Date.now() - startMs) / 1000
  write(
    `${done} seeds from ${options.from} in ${seconds.toFixed(1)} s (${Math.round(done / seconds)}/s), ${failures} failed`,
  )
  return failures === 0 ? 0 : 1
}

async function replay(options: Options, seed: number): Promise<number> {
  const { trace, failure } = await run(seed, options, true)
  write(trace.join('\n'))
  write(failure ? `seed ${seed} failed at boundary ${failure.boundary}` : `seed ${seed} keeps every promise`)
  return failure ? 1 : 0
}

function run(seed: number, { bitFlips, sabotage }: Options, recording = false): Promise<SeedResult> {
  const options: RunOptions = { recording, ...(sabotage !== undefined && { sabotage: sabotages[sabotage] }) }
  return bitFlips === true ? runBitFlips(seed, options) : runSeed(seed, options)
}

function flagsOf({ bitFlips, sabotage }: Options): string {
  return `${bitFlips === true ? ' --bit-flips' : ''}${sabotage === undefined ? '' : ` --sabotage "${sabotage}"`}`
}

function showProgress(done: number, all: number): void {
  if (!process.stdout.isTTY || done % 50 !== 0) return
  process.stdout.write(all > 0 ? `\r${done}/${all} seeds` : '\r\x1b[K')
}

function write(text: string): void {
  process.stdout.write(`${text}\n`)
}

function whole(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('not a whole number from 0')
  return value
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('not a number above 0')
  return value
}
