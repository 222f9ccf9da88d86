import { WalrusError } from '@walrus/core'
import type { LogInspector } from '@walrus/wal'
import { findingLine } from './finding-line.js'
import { batchHead, batchLine, cursorTable, fileTable, runTable, segmentTable } from './inspect-tables.js'
import { print, type LogStreams } from './log-streams.js'
import { withInspector } from './with-inspector.js'

export interface InspectOptions {
  readonly topic?: string
  readonly batches?: true
  readonly json?: true
}

/** Shows what is in a log, as the engine would find it. */
export async function inspectLog(path: string, options: InspectOptions, streams: LogStreams): Promise<void> {
  await withInspector(path, async (inspector, logPath) => {
    const topics = topicsOf(inspector, options, logPath)
    if (options.json) await printJson(inspector, logPath, topics, options, streams)
    else await printTables(inspector, topics, options, streams)
  })
}

function topicsOf(inspector: LogInspector, { topic }: InspectOptions, logPath: string): readonly string[] {
  if (topic === undefined) return inspector.topics
  if (inspector.topics.includes(topic)) return [topic]
  throw new WalrusError('UNKNOWN_TOPIC', `Cannot inspect topic "${topic}": nothing of it is in "${logPath}"`)
}

async function printTables(
  inspector: LogInspector,
  topics: readonly string[],
  options: InspectOptions,
  { stdout, stderr }: LogStreams,
): Promise<void> {
  const views = []
  for (const topic of topics) views.push(await inspector.topic(topic))
  const segments = views.flatMap((view) => view.segments)
  for (const finding of inspector.fileFindings) await print(stderr, `${findingLine(finding)}\n`)
  for (const { damage } of segments) if (damage !== undefined) await print(stderr, `DAMAGE: ${damage}\n`)
  await print(stdout, fileTable(inspector.files))
  await print(stdout, segmentTable(segments))
  await print(stdout, runTable(views.flatMap((view) => view.runs)))
  const cursors = views.flatMap((view) => view.cursors)
  if (cursors.length > 0) await print(stdout, cursorTable(cursors))
  if (!options.batches) return
  await print(stdout, batchHead())
  for (const topic of topics) for await (const batch of inspector.batches(topic)) await print(stdout, batchLine(batch))
}

/** One document, written topic by topic and batch by batch. */
async function printJson(
  inspector: LogInspector,
  path: string,
  topics: readonly string[],
  options: InspectOptions,
  { stdout }: LogStreams,
): Promise<void> {
  const { files, fileFindings: findings } = inspector
  await print(stdout, `${JSON.stringify({ path, files, findings }).slice(0, -1)},"topics":[`)
  let separator = ''
  for (const topic of topics) {
    const view = JSON.stringify(await inspector.topic(topic))
    await print(stdout, `${separator}\n${options.batches ? `${view.slice(0, -1)},"batches":[` : view}`)
    if (options.batches) await printBatches(inspector, topic, stdout)
    separator = ','
  }
  await print(stdout, ']}\n')
}

async function printBatches(inspector: LogInspector, topic: string, stdout: LogStreams['stdout']): Promise<void> {
  let separator = ''
  for await (const batch of inspector.batches(topic)) {
    await print(stdout, `${separator}\n${JSON.stringify(batch)}`)
    separator = ','
  }
  await print(stdout, ']}')
}
