import type { Command } from 'commander'
import { confirm, YES_OPTION, type ConfirmOptions } from '../confirmation.js'
import { withClient } from '../connection.js'
import { TOPIC_ARGUMENT } from './topic-argument.js'

const NOTES = `
For a topic whose replicas do not come back. Its last segment ends with what can be reached; entries that were acknowledged, and
that nobody has who can be reached, are lost.`

interface SealOptions extends ConfirmOptions {
  readonly force?: true
}

/** `topic seal TOPIC --force` */
export function addSeal(program: Command, topic: Command): void {
  const seal = topic
    .command('seal')
    .description(
      "seal a topic's last segment with the copies that can be reached, at the cost of what only others have",
    )
    .argument(...TOPIC_ARGUMENT)
    .option('--force', 'needed: says that the loss is known and wanted')
    .option(...YES_OPTION)
    .addHelpText('after', NOTES)
    .action(async (name: string, options: SealOptions) => {
      if (!options.force) seal.error('error: --force is needed: acknowledged entries may be lost')
      await confirm(seal, `seal the last segment of "${name}" with what can be reached`, options)
      const sealed = await withClient(program, (client) => client.admin.forceSealTopic(name))
      const { segment, entryCount, unheardReplicas } = sealed
      const unheard =
        unheardReplicas.length === 0 ? 'every replica was heard' : `not heard: ${unheardReplicas.join(', ')}`
      process.stdout.write(`segment ${segment} is sealed at ${entryCount} entries; ${unheard}\n`)
    })
}
