import type { Command } from 'commander'
import { confirm, YES_OPTION, type ConfirmOptions } from '../confirmation.js'
import { withClient } from '../connection.js'
import { TOPIC_ARGUMENT } from './topic-argument.js'

/** `topic delete TOPIC` */
export function addDelete(program: Command, topic: Command): void {
  const command = topic
    .command('delete')
    .description('delete a topic with all its entries and cursors, for good; prints nothing')
    .argument(...TOPIC_ARGUMENT)
    .option(...YES_OPTION)
    .action(async (name: string, options: ConfirmOptions) => {
      await confirm(command, `delete topic "${name}" with all its entries`, options)
      await withClient(program, (client) => client.admin.deleteTopic(name))
    })
}
