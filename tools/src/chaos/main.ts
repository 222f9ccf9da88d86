import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import pc from 'picocolors'
import { postGuardian } from './guardian.js'
import { NodeLogs } from './node-logs.js'
import { htmlReport } from './report-html.js'
import { textReport } from './report-text.js'
import { ChaosRun } from './run-chaos.js'
import type { RunResult } from './run-result.js'

interface Options {
  readonly minutes: number
  readonly seed: number
  readonly nodes: number
  readonly rate: number
  readonly report: string
}

/** For the end of the clients, healing and reading back. */
const DEADLINE_MS = 10 * 60_000

const program = new Command('npm run chaos --')
  .description(
    'Real brokers under clients and faults: killed, stopped, cut off, slowed down, with full disks, replaced. Then everything ' +
      'is read back from every node and held against what the clients saw.',
  )
  .argument('[flags...]', 'further flags for every broker, behind another --: npm run chaos -- -- --ack leader')
  .option('--minutes <count>', 'how long clients and faults are at work', number(0.1, 1440), 10)
  .option(
    '--seed <number>',
    'of the faults: the same seed plans the same',
    number(0, 2 ** 31, true),
    Date.now() % 1_000_000,
  )
  .option('--nodes <count>', 'how many nodes', number(3, 9, true), 5)
  .option('--rate <count>', 'entries each second, of all writers together', number(10, 100_000, true), 800)
  .option('--report <file>', 'where the page about the run is written', 'dist/chaos.html')
  .addHelpText(
    'after',
    '\nExit codes: 0 every promise was kept, 1 one was broken, 2 the run could not be made or was broken off.',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(run)

await program.parseAsync()

async function run(flags: readonly string[], options: Options): Promise<void> {
  const guardian = postGuardian()
  const stop = new AbortController()
  const logs = await NodeLogs.open()
  const { seed, nodes: nodeCount, minutes, rate } = options
  const note = (line: string) => console.log(pc.dim(`  ${line}`))
  console.log(`${pc.bold('chaos')}: ${nodeCount} nodes, ${minutes} minutes, seed ${seed}`)
  let chaos: ChaosRun | undefined
  let brokenOff = false
  const breakOff = async () => {
    brokenOff = true
    if (chaos !== undefined) await report(chaos.result('unchecked'), options)
    await chaos?.end({ keepData: false })
    await logs.close({ keep: false })
    process.exit(2)
  }
  onInterrupts(
    () => {
      note('interrupted: heals and checks what was done; once more to end at once')
      stop.abort()
      if (chaos === undefined) process.exit(2)
    },
    () => void breakOff(),
  )
  try {
    const onLine = (id: number, line: string) => logs.write(id, line)
    const shared = { seed, nodeCount, rate, flags, durationMs: minutes * 60_000, note, stop: stop.signal }
    chaos = await ChaosRun.start({ ...shared, onLine, onProcess: guardian.hear })
    const deadline = setTimeout(() => void breakOff(), minutes * 60_000 + DEADLINE_MS)
    const result = await chaos.run()
    clearTimeout(deadline)
    if (brokenOff) return
    await report(result, options)
    const held = result.verdict === 'held'
    await chaos.end({ keepData: !held })
    if (!held) console.log(`data of the nodes: ${chaos.folder}, their logs: ${logs.folder}`)
    await logs.close({ keep: !held })
    process.exitCode = held ? 0 : 1
  } catch (error) {
    console.error(`chaos: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 2
  } finally {
    guardian.dismiss()
  }
}

async function report(result: RunResult, { report: path }: Options): Promise<void> {
  console.log(`\n${textReport(result)}`)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, htmlReport(result))
  console.log(`page: ${path}`)
}

function onInterrupts(first: () => void, second: () => void): void {
  let count = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => ((count += 1) === 1 ? first() : second()))
  }
}

function number(min: number, max: number, whole = false): (raw: string) => number {
  return (raw) => {
    const value = Number(raw)
    if (!/^\d{1,10}(\.\d{1,3})?$/.test(raw) || value < min || value > max || (whole && !Number.isInteger(value))) {
      throw new InvalidArgumentError(`expected a ${whole ? 'whole ' : ''}number from ${min} to ${max}`)
    }
    return value
  }
}
