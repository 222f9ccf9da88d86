import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { addressText, parseAddresses, type Address } from './address.js'
import { addCluster } from './cluster/cluster-command.js'
import { addGet } from './commands/get.js'
import { addMetrics } from './commands/metrics.js'
import { addPut } from './commands/put.js'
import { addRegister } from './commands/register.js'
import { addRepl, repl } from './commands/repl.js'
import { addState } from './commands/state.js'
import { addLog } from './log/log-command.js'
import { addTopic } from './topic/topic-command.js'

const DEFAULT_ADDRESS: Address = { host: '127.0.0.1', port: 8080 }
const DEFAULT_TIMEOUT_MS = 10_000
const TIMEOUT_MS_MAX = 3_600_000

const EXIT_CODES = `
Exit code: 0 done, 1 the broker refused or could not be reached (the reason is on standard error), 2 wrong usage.`

/** The whole command line. Usage errors, `--help` and `--version` throw commander's error instead of ending the process. */
export function createProgram(): Command {
  const program = new Command('walrus-cli')
    .description('Talks to a Walrus cluster, and looks at the files of a stopped one')
    .version(version())
    .addOption(addressOption())
    .option('--timeout-ms <N>', 'longest wait for a connection, and for a reply', readTimeout, DEFAULT_TIMEOUT_MS)
    .addHelpText('after', EXIT_CODES)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, 'Error:')) })
    .exitOverride()
  for (const add of [addRegister, addPut, addGet, addState, addMetrics, addRepl, addTopic, addCluster, addLog])
    add(program)
  return program.allowExcessArguments(true).action(() => replOnly(program))
}

/** Commander sends every word that is no command here. */
async function replOnly(program: Command): Promise<void> {
  if (program.args.length > 0) program.error(`error: unknown command '${program.args[0]}'`)
  await repl(program)
}

function addressOption(): Option {
  return new Option('--addr <HOST:PORT>', 'where a broker listens for clients; several with commas, tried in turn')
    .argParser(readAddresses)
    .default([DEFAULT_ADDRESS], addressText(DEFAULT_ADDRESS))
}

function readAddresses(text: string): readonly Address[] {
  const addresses = parseAddresses(text)
  if (typeof addresses === 'string') throw new InvalidArgumentError(addresses)
  return addresses
}

function readTimeout(text: string): number {
  const timeoutMs = Number(text)
  if (!/^\d+$/.test(text) || timeoutMs < 1 || timeoutMs > TIMEOUT_MS_MAX) {
    throw new InvalidArgumentError(`expected milliseconds from 1 to ${TIMEOUT_MS_MAX}`)
  }
  return timeoutMs
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return (manifest as { readonly version: string }).version
}
