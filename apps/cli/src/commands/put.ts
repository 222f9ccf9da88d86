import type { Command } from 'commander'
import { withClient } from '../connection.js'
import { readEntry } from './entry-input.js'

const NOTES = `
The entry is durable when the command succeeds; it prints nothing.
Standard input is taken byte for byte, its last newline included: printf %s hello | walrus-cli put logs -
An entry that begins with a dash stands behind two: walrus-cli put logs -- --flag`

export function addPut(program: Command): void {
  program
    .command('put')
    .description('append one entry to a topic')
    .argument('<topic>', 'an existing topic')
    .argument('<data>', 'the entry as text, or - to take it from standard input')
    .addHelpText('after', NOTES)
    .action(async (topic: string, data: string) => {
      const entry = data === '-' ? await readEntry(process.stdin) : data
      await withClient(program, (client) => client.put(topic, entry))
    })
}
