import type { TestCluster } from './test-cluster.js'
import { TopicWriter } from './topic-writer.js'

/** What one kill was like. */
export interface Kill {
  readonly leader: number
  /** From the signal to the next acknowledged PUT of the topic. */
  readonly pauseMs: number
  /** Whoever wrote meanwhile, through the other nodes. */
  readonly writer: TopicWriter
}

/** Kills the leader of the topic's open segment, waits for the next acknowledged PUT, and starts the node again. */
export async function killLeader(cluster: TestCluster, topic: string, name: string): Promise<Kill> {
  const { leader_node: leader } = await cluster.state(topic)
  const nodes = cluster.nodes.map(({ id }) => id).filter((id) => id !== leader)
  const writer = new TopicWriter({ cluster, topic, name, nodes })
  await writer.write(5)
  const startMs = performance.now()
  await cluster.node(leader).stop('SIGKILL')
  await writer.write(1)
  const pauseMs = performance.now() - startMs
  await writer.stop()
  await cluster.node(leader).start()
  await cluster.whenComplete()
  return { leader, pauseMs, writer }
}
