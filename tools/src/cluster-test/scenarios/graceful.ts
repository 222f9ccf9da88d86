import { setTimeout as delay } from 'node:timers/promises'
import { readBack, takeAll } from '../read-back.js'
import { expectNone, expectThat, type Scenario, type ScenarioOptions } from '../scenario.js'
import type { TestCluster } from '../test-cluster.js'
import { TopicReader } from '../topic-reader.js'
import { TopicWriter } from '../topic-writer.js'

const TOPIC = 'graceful-test'
/** Requests wait 5 s at most, and so do clients that fetch no answers; the rest is what closing takes. */
const EXIT_MS_MAX = 15_000
/** A rollover; and time for a busy machine. */
const PAUSE_MS_MAX = 3_000

/** Each node is asked to stop (SIGTERM) under load, and comes back. */
export const graceful: Scenario = {
  name: 'graceful',
  about:
    'SIGTERM of the leader, again and again, under load: it ends with 0, and clients see a closed connection at most',
  defaults: { seconds: 6, writers: 2 },
  run: async (options) => {
    const cluster = await options.startCluster({ flags: ['--max-segment-entries', '2000'] })
    await cluster.ask(1, (client) => client.register(TOPIC))
    const writers = [1, 2, 3].flatMap((id) =>
      Array.from({ length: options.writers }, (_, at) => writerAt(cluster, id, `w${id}-${at}`)),
    )
    const readers = [1, 2, 3].map((id) => new TopicReader(cluster, TOPIC, id))
    for (const one of [...writers, ...readers]) one.start()
    const exitsMs: number[] = []
    let pauseMs = 0
    let before = 0
    for (let round = 0; round < options.seconds; round += 1) {
      const { leader, exitMs } = await stopLeader(cluster, options)
      exitsMs.push(exitMs)
      for (const [at, writer] of writers.entries()) {
        const node = Math.floor(at / options.writers) + 1
        const writerPauseMs = writer.takeLongestPauseMs()
        // Who wrote through the node itself waits until it is back, and may write again only in the next round.
        if (node !== leader && node !== before) pauseMs = Math.max(pauseMs, writerPauseMs)
      }
      before = leader
    }
    await Promise.all([...writers, ...readers].map((one) => one.stop()))
    expectNone(
      [...writers, ...readers].flatMap((one) => one.refusals),
      'clients were answered with errors',
    )
    const count = await readBack(
      cluster,
      TOPIC,
      writers.flatMap((writer) => writer.puts),
    )
    const taken = [...readers.flatMap((reader) => reader.taken), ...(await takeAll(cluster, 1, TOPIC))]
    expectThat(new Set(taken).size === taken.length, `${taken.length - new Set(taken).size} entries were taken twice`)
    expectThat(pauseMs <= PAUSE_MS_MAX, `a writer at another node waited ${Math.round(pauseMs)} ms`)
    const exits = `exits after ${Math.min(...exitsMs)} to ${Math.max(...exitsMs)} ms`
    return `${exitsMs.length} stops, ${exits}; ${count} entries read back; longest pause of a writer at another node ${Math.round(pauseMs)} ms`
  },
}

async function stopLeader(cluster: TestCluster, { note }: ScenarioOptions): Promise<Stop> {
  await delay(500)
  const { leader_node: leader } = await cluster.state(TOPIC)
  const startMs = performance.now()
  const { code, signal } = await cluster.node(leader).stop('SIGTERM')
  const exitMs = Math.round(performance.now() - startMs)
  note(`node ${leader} ended with ${signal ?? code} after ${exitMs} ms`)
  expectThat(code === 0, `node ${leader} ended with ${signal ?? code} instead of 0`)
  expectThat(exitMs <= EXIT_MS_MAX, `node ${leader} took ${exitMs} ms to end`)
  await delay(200)
  await cluster.node(leader).start()
  await cluster.whenComplete()
  return { leader, exitMs }
}

interface Stop {
  readonly leader: number
  readonly exitMs: number
}

function writerAt(cluster: TestCluster, id: number, name: string): TopicWriter {
  return new TopicWriter({ cluster, topic: TOPIC, name, nodes: [id] })
}
