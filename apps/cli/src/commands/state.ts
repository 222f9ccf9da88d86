import type { Command } from 'commander'
import { withClient } from '../connection.js'

export function addState(program: Command): void {
  program
    .command('state')
    .description("print a topic's segments and their leaders as JSON")
    .argument('<topic>', 'an existing topic')
    .action(async (topic: string) => {
      const json = await withClient(program, (client) => client.state(topic))
      process.stdout.write(`${json}\n`)
    })
}
