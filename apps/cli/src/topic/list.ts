import type { WalrusClient } from '@walrus/client'
import type { TopicSummary } from '@walrus/protocol'
import type { Command } from 'commander'
import { withClient } from '../connection.js'
import { table } from '../plain-table.js'

/** `topic list` */
export function addList(program: Command, topic: Command): void {
  topic
    .command('list')
    .description('show all topics')
    .option('--json', 'one JSON object a line')
    .action(async ({ json }: { readonly json?: true }) => {
      const topics = await withClient(program, allTopics)
      process.stdout.write(json ? topics.map((one) => `${JSON.stringify(one)}\n`).join('') : topicTable(topics))
    })
}

/** Page after page. */
async function allTopics(client: WalrusClient): Promise<readonly TopicSummary[]> {
  const all: TopicSummary[] = []
  for (let after: string | undefined; ;) {
    const { topics, more } = await client.admin.listTopics({ after })
    all.push(...topics)
    after = topics.at(-1)?.topic
    if (!more || after === undefined) return all
  }
}

function topicTable(topics: readonly TopicSummary[]): string {
  const head = ['TOPIC', 'segments', 'from offset', 'sealed to', 'leader', 'copies on', 'state']
  const rows = topics.map((one) => [
    one.topic,
    ...[one.segmentCount, one.firstOffset, one.sealedOffset, one.leader],
    one.replicas.join(','),
    one.state,
  ])
  return table(head, rows).trimEnd() + '\n'
}
