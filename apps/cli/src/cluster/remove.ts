import type { Command } from 'commander'
import { confirm, YES_OPTION, type ConfirmOptions } from '../confirmation.js'
import { withClient } from '../connection.js'
import { readNodeId } from './cluster-command.js'

const NOTES = `
The node is a member no more, for good: it cannot come back with the data that it has. Drain it first: one that has copies of
segments is refused.`

/** `cluster remove ID` */
export function addRemove(program: Command, cluster: Command): void {
  const remove = cluster
    .command('remove')
    .description('take a node out of the cluster for good')
    .argument('<id>', 'the node', readNodeId)
    .option(...YES_OPTION)
    .addHelpText('after', NOTES)
    .action(async (id: number, options: ConfirmOptions) => {
      await confirm(remove, `remove node ${id} from the cluster for good`, options)
      await withClient(program, (client) => client.admin.removeNode(id))
      process.stdout.write(`node ${id} is removed\n`)
    })
}
