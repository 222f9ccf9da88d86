import { InvalidArgumentError, type Command } from 'commander'
import { confirm, YES_OPTION, type ConfirmOptions } from '../confirmation.js'
import { withClient } from '../connection.js'
import { readNodeId } from './read-node-id.js'

const NOTES = `
The node is drained first, and waited for until others keep all that it kept; if that takes longer than --wait-ms, it goes on
draining, and the command may be repeated. Then it is a member no more, for good: it cannot come back with the data that it has.`

interface RemoveOptions extends ConfirmOptions {
  readonly waitMs: number
}

/** `cluster remove ID` */
export function addRemove(program: Command, cluster: Command): void {
  const remove = cluster
    .command('remove')
    .description('take a node out of the cluster for good')
    .argument('<id>', 'the node', readNodeId)
    .option('--wait-ms <N>', 'how long others may take to copy what it keeps', readWaitMs, WAIT_MS_DEFAULT)
    .option(...YES_OPTION)
    .addHelpText('after', NOTES)
    .action(async (id: number, options: RemoveOptions) => {
      await confirm(remove, `remove node ${id} from the cluster for good`, options)
      await withClient(program, (client) => client.admin.removeNode(id, options.waitMs))
      process.stdout.write(`node ${id} is removed\n`)
    })
}

const WAIT_MS_DEFAULT = 60_000
const WAIT_MS_MAX = 3_600_000

function readWaitMs(text: string): number {
  const waitMs = Number(text)
  if (/^\d+$/.test(text) && waitMs >= 1 && waitMs <= WAIT_MS_MAX) return waitMs
  throw new InvalidArgumentError(`expected milliseconds from 1 to ${WAIT_MS_MAX}`)
}
