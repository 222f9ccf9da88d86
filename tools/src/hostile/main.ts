import { cpus } from 'node:os'
import Table from 'cli-table3'
import { Command, InvalidArgumentError } from 'commander'
import pc from 'picocolors'
import type { Attack } from './attack.js'
import { attacks } from './attacks.js'
import { IDLE_CONNECTIONS } from './attacks/connections.js'
import { measureAttack, type AttackMeasure } from './measure-attack.js'

interface Options {
  readonly runs: number
  readonly requests: number
  readonly seed: number
}

/** What others may feel of an attack: their p99, over the one without it. */
const RATIO_MAX = 2
const EXIT_FOUND = 1
const EXIT_USAGE = 2

const program = new Command('npm run hostile --')
  .description(
    'Attacks a broker while others use it, and shows what they feel of it: their p99 with the attack over the one without. ' +
      `Exits with 0 when all ratios are up to ${RATIO_MAX}, 1 when one is above or the node fails, 2 when the command was not understood.`,
  )
  .argument('[attacks...]', `attacks to try (default: all): ${attacks.map(({ name }) => name).join(', ')}`, find, [])
  .option('--runs <count>', 'pairs of runs, without the attack and with it; the median counts', count, 5)
  .option('--requests <count>', 'requests of the others in each run', count, 10_000)
  .option('--seed <number>', 'of what is left to chance', count, 1)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE))
  .action(run)

await program.parseAsync()

async function run(chosen: readonly Attack[], options: Options): Promise<void> {
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`)
  if (IDLE_CONNECTIONS < 5000) {
    console.log(`idle-connections: only ${IDLE_CONNECTIONS}, because more files may not be open here (ulimit -n)`)
  }
  const head = ['attack', 'p99 µs without', 'p99 µs with', 'ratio', 'rounds', 'memory MiB', '']
  const table = new Table({ head, style: { head: [], border: [] } })
  for (const attack of chosen.length === 0 ? attacks : chosen) {
    if (process.stdout.isTTY) process.stdout.write(`\r${attack.name}\x1b[K`)
    const measured = await measureAttack(attack, options)
    table.push(cells(measured))
    if (measured.failure !== undefined || !(measured.ratio <= RATIO_MAX)) process.exitCode = EXIT_FOUND
  }
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')
  console.log(table.toString())
}

function cells({ attack, quietP99, attackedP99, ratio, rounds, residentBytes, failure }: AttackMeasure): string[] {
  const verdict = failure ?? (ratio <= RATIO_MAX ? pc.green('✔') : pc.red(`above ${RATIO_MAX}`))
  const memory = Math.round(residentBytes / 1024 / 1024)
  return [attack.name, quietP99.toFixed(0), attackedP99.toFixed(0), ratio.toFixed(2), `${rounds}`, `${memory}`, verdict]
}

function find(name: string, before: readonly Attack[]): readonly Attack[] {
  const attack = attacks.find((one) => one.name === name)
  if (attack === undefined) throw new InvalidArgumentError(`there is no attack "${name}"`)
  return [...before, attack]
}

function count(raw: string): number {
  if (!/^\d{1,9}$/.test(raw)) throw new InvalidArgumentError('expected a whole number')
  return Number(raw)
}
