import type { ClusterStatusResult, NodeStatus } from '@walrus/protocol'
import type { Command } from 'commander'
import { withClient } from '../connection.js'
import { table } from '../plain-table.js'

const NOTES = `
"led" counts open segments that the node leads, "copies" the segments of which it has one, "lag" the entries of the metadata
log that it has not confirmed. A dash is what the node that answers does not know; the leader knows most.`

/** `cluster status` */
export function addStatus(program: Command, cluster: Command): void {
  cluster
    .command('status')
    .description('show the nodes: roles, terms, leader, who is alive, what they lead and hold, how far they are behind')
    .option('--json', 'as one JSON document')
    .addHelpText('after', NOTES)
    .action(async ({ json }: { readonly json?: true }) => {
      const status = await withClient(program, (client) => client.admin.clusterStatus())
      process.stdout.write(json ? `${JSON.stringify(status)}\n` : statusText(status))
    })
}

function statusText({ nodes, answeredBy, leader, term, topicCount }: ClusterStatusResult): string {
  const head = ['NODE', 'address', 'role', 'raft', 'term', 'leader', 'live', 'draining', 'led', 'copies', 'lag']
  const rows = nodes.map((node) => row(node, leader))
  const led = leader === undefined ? 'no leader' : `node ${leader} leads`
  return `${table(head, rows)}${led} in term ${term}, ${topicCount} topics, as node ${answeredBy} sees it\n`
}

function row(node: NodeStatus, leader: number | undefined): (string | number)[] {
  const { id, address, role, raftRole = '-', term = '-', live, draining, segmentsLed, replicas, lag = '-' } = node
  const isLive = live === undefined ? '-' : yesOrNo(live)
  const states = [yesOrNo(id === leader), isLive, yesOrNo(draining)]
  return [id, address, role, raftRole.toLowerCase(), term, ...states, segmentsLed, replicas, lag]
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no'
}
