import { Command, InvalidArgumentError } from 'commander'
import pc from 'picocolors'
import { checkInput } from './check-input.js'
import { bytesOfHex, hexOf, keepInput, readCorpus, writeExamples } from './corpus.js'
import { fuzzInput } from './fuzz-input.js'
import type { FuzzTarget } from './fuzz-target.js'
import { superviseFuzz, type Finding } from './supervise.js'
import { targets } from './targets.js'

interface Options {
  readonly seconds: number
  readonly seed: number
  readonly inputs?: number
  readonly first: number
  readonly hex?: Uint8Array
  readonly keep?: string
  readonly writeExamples?: true
}

const EXIT_FOUND = 1
const EXIT_USAGE = 2

const program = new Command('npm run fuzz:input --')
  .description(
    'Gives generated and damaged bytes to everything that reads bytes of others: nothing may crash, hang, take memory ' +
      'without bound, or take something for what it is not. Exits with 0 when all went well, 1 when an input broke a ' +
      'promise, 2 when the command was not understood.',
  )
  .argument('[targets...]', `targets to try (default: all): ${targets.map(({ name }) => name).join(', ')}`, find, [])
  .option('--seconds <count>', 'how long, all targets together', count, 60)
  .option('--seed <number>', 'of all that is left to chance', count, Date.now() % 1_000_000)
  .option('--inputs <count>', 'so many inputs for each target, however long that takes', count)
  .option('--first <number>', 'number of the first input', count, 0)
  .option('--hex <digits>', 'tries this one input, of one target', hex)
  .option('--keep <name>', 'keeps the input of --hex in the corpus, under that name')
  .option('--write-examples', 'writes the good inputs of the corpus anew, and tries nothing')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE))
  .action(run)

await program.parseAsync()

async function run(chosen: readonly FuzzTarget[], options: Options): Promise<void> {
  const all = chosen.length === 0 ? targets : chosen
  if (options.writeExamples === true) for (const target of all) await writeExamples(target)
  else if (options.hex !== undefined) await tryOne(all, options.hex, options.keep)
  else await fuzz(all, options)
}

async function tryOne(all: readonly FuzzTarget[], input: Uint8Array, keep: string | undefined): Promise<void> {
  const [target, ...others] = all
  if (target === undefined || others.length > 0) return program.error('error: --hex is for one target')
  if (keep !== undefined) await keepInput(target.name, keep, input)
  const open = await target.open()
  const broken = await checkInput(open, input)
  await open.close()
  console.log(broken === undefined ? pc.green('no promise is broken') : pc.red(broken))
  if (broken !== undefined) process.exitCode = EXIT_FOUND
}

async function fuzz(all: readonly FuzzTarget[], { seconds, seed, inputs, first }: Options): Promise<void> {
  console.log(`seed ${seed}`)
  for (const target of all) {
    const task = {
      target: target.name,
      seed,
      first,
      inputsMax: inputs ?? Number.MAX_SAFE_INTEGER,
      secondsMax: inputs === undefined ? seconds / all.length : Number.MAX_SAFE_INTEGER,
    }
    const startedMs = performance.now()
    const { count, finding } = await superviseFuzz(task, (number) => showProgress(target.name, number - first))
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')
    const rate = Math.round(count / ((performance.now() - startedMs) / 1000))
    const verdict = finding === undefined ? pc.green('✔') : pc.red('✘')
    console.log(`${verdict} ${target.name.padEnd(20)} ${count} inputs, ${rate} a second`)
    if (finding !== undefined) await report(target, seed, finding)
  }
}

async function report(target: FuzzTarget, seed: number, { number, broken }: Finding): Promise<void> {
  process.exitCode = EXIT_FOUND
  const open = await target.open()
  const corpus = (await readCorpus(target.name)).map(({ bytes }) => bytes)
  const input = hexOf(fuzzInput(open, corpus, seed, number))
  await open.close()
  console.log(`  input ${number} of seed ${seed}: ${broken}`)
  console.log(`  ${input}`)
  console.log(`  again:      npm run fuzz:input -- ${target.name} --seed ${seed} --first ${number} --inputs 1`)
  console.log(`  to keep it: npm run fuzz:input -- ${target.name} --keep NAME --hex ${shortened(input)}`)
}

function shortened(digits: string): string {
  return digits.length > 200 ? 'THE_DIGITS_ABOVE' : digits
}

function showProgress(name: string, tried: number): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${name}: ${tried} inputs\x1b[K`)
}

function find(name: string, before: readonly FuzzTarget[]): readonly FuzzTarget[] {
  const target = targets.find((one) => one.name === name)
  if (target === undefined) throw new InvalidArgumentError(`there is no target "${name}"`)
  return [...before, target]
}

function count(raw: string): number {
  if (!/^\d{1,9}$/.test(raw)) throw new InvalidArgumentError('expected a whole number')
  return Number(raw)
}

function hex(raw: string): Uint8Array {
  try {
    return bytesOfHex(raw)
  } catch (error) {
    throw new InvalidArgumentError(String(error))
  }
}
