import type { Command } from 'commander'
import { addDrain } from './drain.js'
import { addRemove } from './remove.js'
import { addStatus } from './status.js'

/** `walrus-cli cluster …`: the nodes of a cluster, through any of them. */
export function addCluster(program: Command): void {
  const cluster = program
    .command('cluster')
    .description('look at the nodes of the cluster, drain and remove them')
    .action(() => cluster.error("error: missing subcommand: 'status', 'drain' or 'remove'"))
  addStatus(program, cluster)
  addDrain(program, cluster)
  addRemove(program, cluster)
}
