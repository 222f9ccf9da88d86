import { readBack } from '../read-back.js'
import type { Scenario } from '../scenario.js'
import { TopicWriter } from '../topic-writer.js'

const KILLS = 20

/** The leader of the topic's segment is killed; how long until the next PUT is acknowledged? */
export const failover: Scenario = {
  name: 'failover',
  about: 'kill -9 of a segment leader, again and again: the time to the next acknowledged PUT',
  defaults: { seconds: 0, writers: 1 },
  run: async ({ startCluster, seconds, note }) => {
    const cluster = await startCluster({})
    const topic = 'failover-test'
    const kills = seconds > 0 ? seconds : KILLS
    await cluster.ask(1, (client) => client.register(topic))
    const writers: TopicWriter[] = []
    const pausesMs: number[] = []
    for (let kill = 0; kill < kills; kill += 1) {
      const { leader_node: leader } = await cluster.state(topic)
      const others = [1, 2, 3].filter((id) => id !== leader)
      const writer = new TopicWriter({ cluster, topic, name: `kill-${kill}`, nodes: others })
      writers.push(writer)
      await writer.write(5)
      const startMs = performance.now()
      await cluster.node(leader).stop('SIGKILL')
      await writer.write(1)
      pausesMs.push(performance.now() - startMs)
      note(`node ${leader} killed: ${Math.round(pausesMs.at(-1) ?? 0)} ms`)
      await writer.stop()
      await cluster.node(leader).start()
      await cluster.whenComplete()
    }
    const count = await readBack(
      cluster,
      topic,
      writers.flatMap((writer) => writer.puts),
    )
    pausesMs.sort((left, right) => left - right)
    const median = Math.round(pausesMs[Math.floor(pausesMs.length / 2)] ?? 0)
    return `${kills} kills: median ${median} ms, worst ${Math.round(pausesMs.at(-1) ?? 0)} ms; ${count} entries read back`
  },
}
