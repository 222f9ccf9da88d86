import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import pc from 'picocolors'
import { seededRandom } from '@walrus/testing'
import { logLine, nodeLabel } from '../cluster/log-line.js'
import { scenarios } from './scenarios.js'
import type { Scenario } from './scenario.js'
import { TestCluster } from './test-cluster.js'

interface Options {
  readonly seconds?: number
  readonly writers?: number
  readonly topics?: number
  readonly seed: number
  readonly verbose?: boolean
  readonly trace?: string
}

const DEADLINE_MS = 15 * 60_000

const program = new Command('npm run cluster-test --')
  .description('Real brokers on loopback: started, killed, cut off, and read back to the last acknowledged entry.')
  .argument('<names...>', `all, or some of: ${scenarios.map(({ name }) => name).join(', ')}`)
  .option('--seconds <count>', 'how long the part lasts that has a length; for failover: how many kills', count)
  .option('--writers <count>', 'how many write at once', count)
  .option('--topics <count>', 'for many-topics: how many', count)
  .option('--seed <number>', 'of what is left to chance', count, Date.now() % 1_000_000)
  .option('--trace <directory>', 'where each node appends its steps of the protocol, for npm run spec:trace')
  .option('--verbose', 'show what the nodes log')
  .action(run)

await program.parseAsync()

async function run(names: readonly string[], options: Options): Promise<void> {
  const chosen = names.includes('all') ? scenarios : names.map(find)
  // Whatever hangs, the command ends.
  const deadline = setTimeout(() => {
    console.error(`cluster-test: not done within ${DEADLINE_MS / 60_000} minutes`)
    process.exit(1)
  }, DEADLINE_MS * chosen.length)
  let failed = 0
  for (const scenario of chosen) failed += (await runOne(scenario, options)) ? 0 : 1
  clearTimeout(deadline)
  console.log(`${chosen.length - failed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

async function runOne(scenario: Scenario, { seed, verbose, trace, ...given }: Options): Promise<boolean> {
  const clusters: TestCluster[] = []
  const note = (line: string) => console.log(pc.dim(`  ${line}`))
  const onLine = (id: number, line: string) => {
    const readable = logLine(line)
    if (readable !== undefined) console.log(`  ${nodeLabel(id)} ${readable}`)
  }
  console.log(`${pc.bold(scenario.name)}: ${scenario.about} (seed ${seed})`)
  try {
    const seen = await scenario.run({
      topics: 1,
      ...scenario.defaults,
      ...given,
      seed,
      random: seededRandom(seed),
      note,
      startCluster: async (options) => {
        const traceFolder = trace === undefined ? {} : { traceFolder: await emptyFolder(join(trace, scenario.name)) }
        const cluster = await TestCluster.start({
          nodeCount: 3,
          ...(verbose && { onLine }),
          ...traceFolder,
          ...options,
        })
        clusters.push(cluster)
        return cluster
      },
    })
    console.log(pc.green(`  ✔ ${seen}`))
    return true
  } catch (error) {
    console.log(pc.red(`  ✘ ${error instanceof Error ? error.message : String(error)}`))
    return false
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.remove()))
  }
}

/** Traces of an earlier run would be taken for earlier lives of the nodes. */
async function emptyFolder(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  return folder
}

function find(name: string): Scenario {
  const scenario = scenarios.find((one) => one.name === name)
  if (scenario === undefined) throw new InvalidArgumentError(`there is no cluster test "${name}"`)
  return scenario
}

function count(raw: string): number {
  const value = Number(raw)
  if (!/^\d{1,9}$/.test(raw) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('expected a whole number')
  return value
}
