import type { Command } from 'commander'
import { withClient } from '../connection.js'

const NOTES = `
Prints the entry's exact bytes, with a newline behind them on a terminal only, or the line EMPTY when there is no more to
read. Reading moves the cursor that all readers of the topic share.`

export function addGet(program: Command): void {
  program
    .command('get')
    .description("print the next entry at the topic's shared cursor")
    .argument('<topic>', 'an existing topic')
    .addHelpText('after', NOTES)
    .action(async (topic: string) => {
      const entry = await withClient(program, (client) => client.get(topic))
      process.stdout.write(entry ?? 'EMPTY\n')
      if (entry !== undefined && process.stdout.isTTY) process.stdout.write('\n')
    })
}
