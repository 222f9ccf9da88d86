import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'

/** What a command that destroys something takes. */
export interface ConfirmOptions {
  readonly yes?: true
}

/** How to say that nobody needs to be asked. */
export const YES_OPTION = ['--yes', 'do it without asking; needed where there is no terminal'] as const

/**
 * Asks, on a terminal, whether that is wanted; throws when it is not. Where nobody can be asked, `--yes` has to be given: without
 * it, this is wrong usage.
 */
export async function confirm(command: Command, what: string, { yes }: ConfirmOptions): Promise<void> {
  if (yes) return
  // Undefined, not false, where a stream is no terminal, whatever its type says.
  if (!process.stdin.isTTY || !process.stderr.isTTY) command.error(`error: --yes is needed to ${what}`)
  if ((await answerTo(`This will ${what}. Type "yes" to go on: `)) !== 'yes') throw new Error('Nothing was done')
}

async function answerTo(question: string): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    lines.setPrompt(question)
    lines.prompt()
    const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string | undefined]
    return line?.trim()
  } finally {
    lines.close()
  }
}
