import type { Command } from 'commander'
import pc from 'picocolors'
import { addressText } from '../address.js'
import { withClient, type GlobalOptions } from '../connection.js'
import type { ShellStreams } from '../shell/shell-streams.js'
import { runShell } from '../shell/shell.js'

const NOTES = `
Reads one command a line: REGISTER topic, PUT topic data, GET topic, STATE topic, METRICS; exit, Ctrl+C or Ctrl+D leaves.
On a terminal there are a prompt, line editing and a history. From a pipe there are only the replies, and the exit code
is 1 if any of them was an error.`

export function addRepl(program: Command): void {
  program
    .command('repl')
    .description('interactive shell; this is what runs without a command')
    .addHelpText('after', NOTES)
    .action(() => repl(program))
}

/** Runs the shell on the process's own streams and leaves its verdict as the exit code. */
export async function repl(program: Command): Promise<void> {
  const { addr } = program.opts<GlobalOptions>()
  const address = addr.map(addressText).join(',')
  process.exitCode = await withClient(program, (client) => runShell(client, address, processStreams()))
}

function processStreams(): ShellStreams {
  // Undefined, not false, where a stream is no terminal, whatever its type says.
  const terminal = Boolean(process.stdin.isTTY && process.stdout.isTTY)
  return {
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    terminal,
    colors: terminal && pc.isColorSupported,
  }
}
