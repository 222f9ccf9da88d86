import { DEFAULT_TOPIC_CONFIG, WalrusError, type MetadataCommand, type MetadataLog, type NodeId } from '@walrus/core'
import { Latencies } from '../bench/latencies.js'
import { inFlight } from '../bench/wal-instance.js'
import type { Load, LoadReport } from './member-messages.js'

/** Proposes the commands; of each topic one at a time, so that its numbers are applied in their order. */
export async function runLoad(log: MetadataLog, nodeId: NodeId, load: Load): Promise<LoadReport> {
  const { count, width, name, from } = load
  await createTopics(log, nodeId, load)
  const latencies = new Latencies()
  const tally = { applied: 0, refused: 0, unknown: 0 }
  const newest: Record<string, number> = {}
  const started = performance.now()
  const worker = async (_: unknown, first: number): Promise<void> => {
    const topic = topicOf(name, first)
    for (let at = first; at < count; at += width) {
      const begun = performance.now()
      const outcome = await outcomeOf(log.propose(configure(topic, from + at)))
      latencies.add(performance.now() - begun)
      tally[outcome] += 1
      if (outcome === 'applied') newest[topic] = from + at
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  const perSecond = count / ((performance.now() - started) / 1000)
  return { ...tally, perSecond, latency: latencies.summary(), newest }
}

async function createTopics(log: MetadataLog, leader: NodeId, { width, name }: Load): Promise<void> {
  await inFlight(width, width, async (at) => {
    const topic = topicOf(name, at)
    const command = { kind: 'CreateTopic', topic, config: DEFAULT_TOPIC_CONFIG, leader, replicas: [leader] } as const
    while (!log.state.topics.has(topic)) await outcomeOf(log.propose(command))
  })
}

function configure(topic: string, retentionMs: number): MetadataCommand {
  return { kind: 'ConfigureTopic', topic, config: { ...DEFAULT_TOPIC_CONFIG, retentionMs } }
}

function topicOf(name: string, at: number): string {
  return `${name}-${at}`
}

async function outcomeOf(proposal: Promise<unknown>): Promise<'applied' | 'refused' | 'unknown'> {
  try {
    await proposal
    return 'applied'
  } catch (error) {
    return error instanceof WalrusError && error.code === 'UNAVAILABLE' ? 'refused' : 'unknown'
  }
}
