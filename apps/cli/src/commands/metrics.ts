import type { Command } from 'commander'
import { withClient } from '../connection.js'

export function addMetrics(program: Command): void {
  program
    .command('metrics')
    .description("print the node's view of the cluster as JSON")
    .action(async () => {
      const json = await withClient(program, (client) => client.metrics())
      process.stdout.write(`${json}\n`)
    })
}
