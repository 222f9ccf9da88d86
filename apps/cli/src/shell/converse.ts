import { createInterface, type Interface } from 'node:readline'
import pc from 'picocolors'
import { banner } from './banner.js'
import type { LineOutcome, ShellStreams } from './shell-streams.js'

const PROMPT = '🦭 > '
const HISTORY_LINES = 1000

/** The shell with a person: banner, prompt, line editing, and a history that lasts as long as the process. */
export async function converse(
  execute: (line: Buffer) => Promise<LineOutcome>,
  address: string,
  streams: ShellStreams,
): Promise<0> {
  const { input, output } = streams
  output.write(banner(address, pc.createColors(streams.colors).cyan))
  const lines = createInterface({ input, output, terminal: true, prompt: PROMPT, historySize: HISTORY_LINES })
  const interrupted = interruption(lines)
  const ended = endOf(lines)
  lines.prompt()
  for await (const line of lines) {
    const outcome = await Promise.race([execute(Buffer.from(line)), interrupted])
    if (outcome === 'leave') break
    if (!ended()) lines.prompt()
  }
  if (ended()) output.write('\n')
  lines.close()
  return 0
}

/** Ctrl+C leaves at once, even while a command waits for its reply. */
function interruption(lines: Interface): Promise<'leave'> {
  return new Promise((resolve) => {
    lines.once('SIGINT', () => {
      resolve('leave')
      lines.close()
    })
  })
}

/** Tells whether the input is over, by Ctrl+C or Ctrl+D; a prompt after that would throw. */
function endOf(lines: Interface): () => boolean {
  let ended = false
  lines.once('close', () => (ended = true))
  return () => ended
}
