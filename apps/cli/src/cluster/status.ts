import type { ClusterStatusResult, NodeStatus } from '@walrus/protocol'
import type { Command } from 'commander'
import { withClient } from '../connection.js'
import { table } from '../plain-table.js'

const NOTES = `
"led" counts open segments that the node leads, "copies" the segments of which it has one, "lag" the metadata
commands that it is behind the node that answers. A dash is what only the node itself could tell, and did not.`

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
  const head = [
    'NODE',
    'address',
    'role',
    'raft',
    'term',
    'leader',
    'live',
    'ready',
    'draining',
    'led',
    'copies',
    'lag',
  ]
  const rows = nodes.map((node) => row(node, leader))
  const led = leader === undefined ? 'no leader' : `node ${leader} leads`
  return `${table(head, rows)}${led} in term ${term}, ${topicCount} topics, as node ${answeredBy} sees it\n`
}

function row(node: NodeStatus, leader: number | undefined): (string | number)[] {
  const {
    id,
    address,
    role,
    raftRole = '-',
    term = '-',
    live,
    ready,
    draining,
    segmentsLed,
    replicas,
    lag = '-',
  } = node
  const states = [id === leader, live, ready, draining].map(yesOrNo)
  return [id, address, role, raftRole.toLowerCase(), term, ...states, segmentsLed, replicas, lag]
}

function yesOrNo(value: boolean | undefined): string {
  if (value === undefined) return '-'
  return value ? 'yes' : 'no'
}
