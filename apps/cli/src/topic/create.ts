import type { Command } from 'commander'
import { withClient } from '../connection.js'
import { readSettings, SETTINGS_ARGUMENT, SETTINGS_NOTES } from './settings.js'

/** `topic create TOPIC [SETTING=VALUE…]` */
export function addCreate(program: Command, topic: Command): void {
  const create = topic
    .command('create')
    .description('create a topic with settings of its own; fails if it exists')
    .argument('<topic>', '1 to 200 of A-Z a-z 0-9 . _ -')
    .argument(...SETTINGS_ARGUMENT)
    .addHelpText('after', SETTINGS_NOTES)
    .action(async (name: string, words: readonly string[]) => {
      const config = readSettings(create, words)
      const { created } = await withClient(program, (client) => client.admin.createTopic({ topic: name, config }))
      if (!created) throw new Error(`Cannot create topic "${name}": it exists`)
    })
}
