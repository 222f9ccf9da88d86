import type { WalrusClient } from '@walrus/client'
import type { TopicConfig } from '@walrus/core'
import type { Command } from 'commander'
import { withClient } from '../connection.js'
import { readSettings, SETTINGS_ARGUMENT, SETTINGS_NOTES } from './settings.js'
import { TOPIC_ARGUMENT } from './topic-argument.js'

/** `topic config TOPIC [SETTING=VALUE…]` */
export function addConfig(program: Command, topic: Command): void {
  const config = topic
    .command('config')
    .description("show a topic's settings, after changing those that are given")
    .argument(...TOPIC_ARGUMENT)
    .argument(...SETTINGS_ARGUMENT)
    .addHelpText('after', SETTINGS_NOTES)
    .action(async (name: string, words: readonly string[]) => {
      const change = readSettings(config, words)
      process.stdout.write(configText(await withClient(program, (client) => configure(client, name, change))))
    })
}

async function configure(client: WalrusClient, topic: string, change: Partial<TopicConfig>): Promise<TopicConfig> {
  const isChange = Object.keys(change).length > 0
  const { config } = isChange
    ? await client.admin.configureTopic({ topic, config: change })
    : await client.admin.describeTopic({ topic, limit: 1 })
  return config
}

/** One setting a line, as `topic config` takes them. */
export function configText(config: TopicConfig): string {
  return Object.entries(config)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
