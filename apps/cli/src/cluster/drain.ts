import type { Command } from 'commander'
import { withClient } from '../connection.js'
import { readNodeId } from './read-node-id.js'

const NOTES = `
A draining node gets nothing new, and hands on what it leads; it goes on serving what it has. Run it again to see how much is
left. With --undo the node takes part again.`

/** `cluster drain ID` */
export function addDrain(program: Command, cluster: Command): void {
  cluster
    .command('drain')
    .description('give a node nothing new, and let it hand on what it leads')
    .argument('<id>', 'the node', readNodeId)
    .option('--undo', 'let it take part again')
    .addHelpText('after', NOTES)
    .action(async (id: number, { undo }: { readonly undo?: true }) => {
      const { node, draining, segmentsLed } = await withClient(program, (client) => client.admin.drainNode(id, !undo))
      const state = draining ? `is draining, and leads ${segmentsLed} segments yet` : 'takes part'
      process.stdout.write(`node ${node} ${state}\n`)
    })
}
