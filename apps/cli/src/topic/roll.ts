import type { Command } from 'commander'
import { withClient } from '../connection.js'
import { TOPIC_ARGUMENT } from './topic-argument.js'

/** `topic roll TOPIC` */
export function addRoll(program: Command, topic: Command): void {
  topic
    .command('roll')
    .description("seal a topic's open segment, if it has an entry, and open the next one")
    .argument(...TOPIC_ARGUMENT)
    .action(async (name: string) => {
      const { segment, leader } = await withClient(program, (client) => client.admin.rollTopic(name))
      process.stdout.write(`segment ${segment} is open, led by node ${leader}\n`)
    })
}
