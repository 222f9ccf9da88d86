import type { WalrusClient } from '@walrus/client'
import type { SegmentDescription, TopicDescribeResult } from '@walrus/protocol'
import type { Command } from 'commander'
import { withClient } from '../connection.js'
import { table } from '../plain-table.js'
import { configText } from './config.js'
import { TOPIC_ARGUMENT } from './topic-argument.js'

/** `topic describe TOPIC` */
export function addDescribe(program: Command, topic: Command): void {
  topic
    .command('describe')
    .description("show a topic's settings, segments and cursors")
    .argument(...TOPIC_ARGUMENT)
    .option('--json', 'as one JSON document')
    .action(async (name: string, { json }: { readonly json?: true }) => {
      const description = await withClient(program, (client) => describe(client, name))
      process.stdout.write(json ? `${JSON.stringify(description)}\n` : descriptionText(description))
    })
}

/** All segments, page after page; everything else as the last page has it. */
async function describe(client: WalrusClient, topic: string): Promise<Omit<TopicDescribeResult, 'more'>> {
  const segments: SegmentDescription[] = []
  for (let fromSegment: number | undefined; ;) {
    const { more, ...page } = await client.admin.describeTopic({ topic, fromSegment })
    segments.push(...page.segments)
    const last = page.segments.at(-1)
    if (!more || last === undefined) return { ...page, segments }
    fromSegment = last.id + 1
  }
}

function descriptionText(description: Omit<TopicDescribeResult, 'more'>): string {
  const { topic, firstOffset, highWatermark, segments, config, cursors = [] } = description
  const head = ['SEGMENT', 'offset', 'entries', 'state', 'leader', 'copies on', 'quorum', 'epoch']
  const rows = segments.map((one) => [
    ...[one.id, one.baseOffset, one.entryCount],
    one.state,
    one.leader,
    one.replicas.join(','),
    ...[one.ackQuorum, one.epoch],
  ])
  const offsets = `${topic}: offsets ${firstOffset} to ${highWatermark}, the latter not included\n\n`
  const cursorRows = cursors.map(({ cursor, offset }) => [cursor, offset])
  return offsets + table(head, rows) + table(['CURSOR', 'offset'], cursorRows) + configText(config)
}
