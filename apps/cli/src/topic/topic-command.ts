import type { Command } from 'commander'
import { addConfig } from './config.js'
import { addCreate } from './create.js'
import { addDelete } from './delete.js'
import { addDescribe } from './describe.js'
import { addList } from './list.js'
import { addRoll } from './roll.js'
import { addSeal } from './seal.js'

/** `walrus-cli topic …`: what operators do to topics, through any node. */
export function addTopic(program: Command): void {
  const topic = program
    .command('topic')
    .description('list, describe, create, configure, roll, seal and delete topics')
    .action(() => topic.error("error: missing subcommand: see 'walrus-cli topic --help'"))
  for (const add of [addList, addDescribe, addCreate, addConfig, addRoll, addSeal, addDelete]) add(program, topic)
}
