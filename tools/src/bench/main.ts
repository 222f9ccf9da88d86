import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Benchmark } from './benchmark.js'
import { benchmarks } from './benchmarks.js'
import { measure, type Result } from './measure.js'
import { renderTable } from './report.js'
import { storages, type Storage } from './storage.js'

interface Options {
  readonly runs: number
  readonly scale: number
  readonly folder: string
  readonly storage: Storage
  readonly json?: string
}

const program = new Command('npm run bench --')
  .description('Measures what the design promises, and the limit of the machine beside it, in the same run.')
  .argument('[names...]', `benchmarks to run (default: all): ${benchmarks.map(({ name }) => name).join(', ')}`)
  .option('--runs <count>', 'runs of each case that count, after one that does not', positive, 5)
  .option('--scale <factor>', 'amount of work; budgets are stated for 1', positive, 1)
  .option('--folder <path>', 'where the files are written: choose the disk that you mean', tmpdir())
  .addOption(
    new Option('--storage <name>', 'what the wal benchmarks stand on').choices(Object.keys(storages)).default('fd'),
  )
  .option('--json <file>', 'writes all figures to this file too')
  .action(run)

await program.parseAsync()

async function run(names: readonly string[], options: Options): Promise<void> {
  const chosen = names.length === 0 ? benchmarks : names.map(find)
  const all: Record<string, readonly Result[]> = {}
  console.log(
    `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, files in ${options.folder}`,
  )
  for (const benchmark of chosen) {
    console.log(`\n${benchmark.name}: ${benchmark.about}`)
    all[benchmark.name] = await runOne(benchmark, options)
    console.log(renderTable(all[benchmark.name] ?? []))
  }
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(all, null, 2) + '\n')
}

async function runOne(benchmark: Benchmark, options: Options): Promise<Result[]> {
  const folder = await mkdtemp(join(options.folder, 'walrus-bench-'))
  try {
    const { cases, close } = await benchmark.setUp({ folder, scale: options.scale, storage: options.storage })
    try {
      return await measure(cases, options.runs, showProgress)
    } finally {
      await close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function find(name: string): Benchmark {
  const found = benchmarks.find((benchmark) => benchmark.name === name)
  if (found) return found
  return program.error(
    `error: unknown benchmark "${name}": not one of ${benchmarks.map((one) => one.name).join(', ')}`,
    {
      exitCode: 2,
    },
  )
}

function showProgress(done: number, all: number): void {
  if (process.stdout.isTTY) process.stdout.write(done < all ? `\r${done}/${all} runs` : '\r\x1b[K')
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('not a number above 0')
  return value
}
