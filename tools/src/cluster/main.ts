import { Command, InvalidArgumentError } from 'commander'
import { LocalCluster } from './local-cluster.js'
import { logLine, nodeLabel } from './log-line.js'

interface Options {
  readonly nodes: number
  readonly fresh?: boolean
  readonly dataDir: string
  readonly clientPort: number
  readonly raftPort: number
}

const STOP_TIMEOUT_MS = 15_000

const program = new Command('npm run cluster --')
  .description('Starts a cluster on this machine, shows what its nodes say, and stops it at Ctrl-C.')
  .argument('[flags...]', 'further flags for every broker, behind another --: npm run cluster -- -- --fsync none')
  .option('--nodes <count>', 'how many nodes', atLeast(1, 64), 3)
  .option('--fresh', 'forget what these nodes have stored before')
  .option('--data-dir <directory>', 'where they store, in a folder of its own per node', './data')
  .option('--client-port <port>', 'client port of node 1; the others count up', atLeast(1, 65_000), 9091)
  .option('--raft-port <port>', 'peer port of node 1; the others count up', atLeast(1, 65_000), 6001)
  .action(run)

await program.parseAsync()

async function run(flags: readonly string[], { nodes: nodeCount, fresh, ...where }: Options): Promise<void> {
  const print = (id: number, line: string) => process.stdout.write(`${nodeLabel(id)} ${line}\n`)
  const onLine = (id: number, line: string) => {
    const readable = logLine(line)
    if (readable !== undefined) print(id, readable)
  }
  const cluster = new LocalCluster({ ...where, nodeCount, flags, onLine, onReady: print })
  const interrupted = firstInterrupt()
  if (fresh === true) await cluster.removeData()
  try {
    await Promise.race([cluster.start(), interrupted])
    await Promise.race([interrupted, ...cluster.nodes.map(reportEnd)])
  } catch (error) {
    process.stderr.write(`cluster: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
  await cluster.stop(STOP_TIMEOUT_MS)
}

/** A node that ends by itself does not take the others with it: that is what a cluster is for. */
async function reportEnd(node: LocalCluster['nodes'][number]): Promise<void> {
  const { code, signal } = await node.exited
  process.stdout.write(`${nodeLabel(node.id)} ended with ${signal ?? code}\n`)
  await new Promise(() => undefined)
}

/** Resolves at the first SIGINT or SIGTERM. */
function firstInterrupt(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGINT', () => resolve()).on('SIGTERM', () => resolve())
  })
}

function atLeast(min: number, max: number): (raw: string) => number {
  return (raw) => {
    const value = Number(raw)
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`)
    }
    return value
  }
}
