import { killLeader } from '../kill-leader.js'
import { readBack } from '../read-back.js'
import type { Scenario } from '../scenario.js'

const KILLS = 20

/** The leader of the topic's segment is killed; how long until the next PUT is acknowledged? */
export const failover: Scenario = {
  name: 'failover',
  about: 'kill -9 of a segment leader, again and again: the time to the next acknowledged PUT',
  defaults: { seconds: 0, writers: 1 },
  run: async ({ startCluster, seconds, note }) => {
    const cluster = await startCluster({})
    const topic = 'failover-test'
    await cluster.ask(1, (client) => client.register(topic))
    const kills = []
    for (let at = 0; at < (seconds > 0 ? seconds : KILLS); at += 1) {
      const kill = await killLeader(cluster, topic, `kill-${at}`)
      note(`node ${kill.leader} killed: ${Math.round(kill.pauseMs)} ms`)
      kills.push(kill)
    }
    const puts = kills.flatMap(({ writer }) => writer.puts)
    const count = await readBack(cluster, topic, puts)
    const pausesMs = kills.map(({ pauseMs }) => Math.round(pauseMs)).sort((left, right) => left - right)
    const median = pausesMs[Math.floor(pausesMs.length / 2)]
    return `${kills.length} kills: median ${median} ms, worst ${pausesMs.at(-1)} ms; ${count} entries read back`
  },
}
