import { setTimeout as delay } from 'node:timers/promises'
import type { WalrusClient } from '@walrus/client'
import { residentBytesOf, usageOf } from '../../bench/process-usage.js'
import { inParallel } from '../in-parallel.js'
import { expectNone, expectThat, type Scenario } from '../scenario.js'
import type { TestCluster } from '../test-cluster.js'
import { until } from '../until.js'

/** Calls under way at once, over all nodes. */
const IN_FLIGHT = 192
/** Rollovers of each topic; each segment but the last has one entry. */
const ROLLOVERS = 2
/** So that also a few hundred topics are more than one snapshot. */
const SNAPSHOT_BYTES = 65_536
const SETTLE_TIMEOUT_MS = 300_000
/** Up to here, a smaller snapshot threshold than that of a broker makes snapshots come at all. */
const FEW_TOPICS = 5_000

/** Metadata at scale: a restart of all, and a node that begins with nothing, must come to the same thousands of topics. */
export const manyTopics: Scenario = {
  name: 'many-topics',
  about: 'thousands of topics, two rollovers each; all nodes restart, a fourth one catches up from a snapshot',
  defaults: { seconds: 5, writers: IN_FLIGHT, topics: 400 },
  run: async ({ startCluster, seconds, writers: inFlight, topics: topicCount, note }) => {
    const flags = topicCount < FEW_TOPICS ? ['--metadata-snapshot-bytes', String(SNAPSHOT_BYTES)] : []
    const cluster = await startCluster({ flags, watchLoops: true })
    const topics = Array.from({ length: topicCount }, (_, at) => `topic-${at}`)
    const load = new Load(cluster, topics, inFlight)
    const { current_term: term } = await cluster.metrics(1)
    cluster.takeLoopStalls()

    note(`REGISTER: ${await load.each((client, topic) => client.register(topic))}`)
    for (let turn = 0; turn < ROLLOVERS; turn += 1) {
      note(`PUT: ${await load.each((client, topic) => client.put(topic, `${topic}/${turn}`))}`)
      note(`roll: ${await load.each(roll)}`)
    }
    const { current_term: termAfter } = await cluster.metrics(1)
    note(`elections under load: ${termAfter - term}`)
    note(stallsOf(cluster))
    await report(cluster, seconds, note)

    const stoppedMs = performance.now()
    await cluster.stopAll()
    note(`all nodes stopped: ${since(stoppedMs)}`)
    const startedMs = performance.now()
    await cluster.startAll()
    note(`all nodes started again: ${since(startedMs)}, ${stallsOf(cluster)}`)
    await until('every topic has an open segment', () => isSettled(cluster), SETTLE_TIMEOUT_MS, SETTLE_POLL_MS)
    note(`every topic open again: ${since(startedMs)}, ${stallsOf(cluster)}`)
    const joiningMs = performance.now()
    const { id } = await cluster.add()
    note(`node ${id} is a ready voter: ${since(joiningMs)}`)
    await until(`node ${id} has applied what node 1 has`, () => isLevel(cluster, id), SETTLE_TIMEOUT_MS)
    note(`node ${id} has all metadata: ${since(joiningMs)}, ${stallsOf(cluster)}`)
    const { purged } = await cluster.metrics(1)
    expectThat((purged?.index ?? 0) > 0, 'there was no snapshot, so nobody has caught up from one')
    await report(cluster, seconds, note)

    const segments = await sameEverywhere(cluster, topics, inFlight)
    note(`STATE of every topic from every node: ${since(joiningMs)} after the join`)
    await readAll(cluster, topics, inFlight)
    return `${topicCount} topics, ${segments} segments, the same from four nodes, every entry read back`
  },
}

type Call = (client: WalrusClient, topic: string) => Promise<unknown>

/** Something done to each topic, through all nodes in turn. */
class Load {
  readonly #cluster: TestCluster
  readonly #topics: readonly string[]
  readonly #inFlight: number

  constructor(cluster: TestCluster, topics: readonly string[], inFlight: number) {
    this.#cluster = cluster
    this.#topics = topics
    this.#inFlight = inFlight
  }

  /** Resolves with the rate. */
  async each(call: Call): Promise<string> {
    const clients = await Promise.all(
      this.#cluster.liveNodes.map(({ id }) => this.#cluster.client(id, CALL_TIMEOUT_MS)),
    )
    const startedMs = performance.now()
    await inParallel(this.#inFlight, this.#topics, async (topic, at) => {
      const client = clients[at % clients.length]
      if (client !== undefined) await call(client, topic)
    })
    const rate = Math.round((this.#topics.length * 1000) / (performance.now() - startedMs))
    clients.forEach((client) => client.destroy())
    return `${this.#topics.length} in ${since(startedMs)}, ${rate}/s`
  }
}

/** A topic whose leader was too slow to give a sign of life is being recovered, and can be rolled afterwards. */
async function roll(client: WalrusClient, topic: string): Promise<void> {
  const isRolled = async () => (await client.admin.rollTopic(topic)).segment > 1
  await until(`"${topic}" is rolled`, isRolled, CALL_TIMEOUT_MS)
}

/** What the idle nodes take. */
async function report(cluster: TestCluster, seconds: number, note: (line: string) => void): Promise<void> {
  const nodes = cluster.liveNodes
  const before = await Promise.all(nodes.map(({ pid }) => usageOf([pid])))
  await delay(seconds * 1000)
  for (const [at, { id, pid }] of nodes.entries()) {
    const usage = await usageOf([pid])
    const usedSeconds = ((usage?.cpuMicroseconds ?? NaN) - (before[at]?.cpuMicroseconds ?? NaN)) / 1e6
    const memoryMiB = Math.round(((await residentBytesOf(pid)) ?? NaN) / 1024 / 1024)
    const { snapshot, purged } = await cluster.metrics(id)
    const idle = `${((100 * usedSeconds) / seconds).toFixed(1)} % CPU when idle, ${memoryMiB} MiB`
    note(`node ${id}: ${idle}, snapshot at ${snapshot?.index ?? 0}, log from ${(purged?.index ?? 0) + 1}`)
  }
}

/** For how long the event loops stood still at most since this was asked before. */
function stallsOf(cluster: TestCluster): string {
  return `longest stalls ${[...cluster.takeLoopStalls()].map(([id, stallMs]) => `${id}: ${stallMs} ms`).join(', ')}`
}

async function isSettled(cluster: TestCluster): Promise<boolean> {
  return await cluster.ask(1, async (client) => {
    for (let after: string | undefined; ;) {
      const { topics, more } = await client.admin.listTopics(after === undefined ? {} : { after })
      if (topics.some(({ state }) => state !== 'open')) return false
      if (!more) return true
      after = topics.at(-1)?.topic
    }
  })
}

async function isLevel(cluster: TestCluster, id: number): Promise<boolean> {
  const [first, other] = await Promise.all([cluster.metrics(1), cluster.metrics(id)])
  return first.last_applied?.index === other.last_applied?.index
}

/** Resolves with the number of segments. */
async function sameEverywhere(cluster: TestCluster, topics: readonly string[], inFlight: number): Promise<number> {
  const clients = await Promise.all(cluster.liveNodes.map(({ id }) => cluster.client(id, CALL_TIMEOUT_MS)))
  const faults: string[] = []
  let segments = 0
  await inParallel(inFlight, topics, async (topic) => {
    const states = await Promise.all(clients.map((client) => client.state(topic)))
    if (new Set(states).size > 1) faults.push(`"${topic}" differs: ${states.join(' | ')}`)
    const { current_segment: segment } = JSON.parse(states[0] ?? '{}') as { readonly current_segment: number }
    // Whoever was stopped has handed on what it led, and so rolled it over once more.
    if (segment <= ROLLOVERS) faults.push(`"${topic}" is at segment ${segment}`)
    segments += segment
  })
  clients.forEach((client) => client.destroy())
  expectNone(faults, 'STATE')
  return segments
}

/** From one node each, the new one too. */
async function readAll(cluster: TestCluster, topics: readonly string[], inFlight: number): Promise<void> {
  const clients = await Promise.all(cluster.liveNodes.map(({ id }) => cluster.client(id, CALL_TIMEOUT_MS)))
  const faults: string[] = []
  await inParallel(inFlight, topics, async (topic, at) => {
    const client = clients[at % clients.length]
    for (let turn = 0; turn < ROLLOVERS; turn += 1) {
      const reply = await client?.fetch(topic, turn, { maxEntries: 1, maxBytes: 1024 })
      const text = Buffer.from(reply?.entries[0]?.data ?? []).toString()
      if (text !== `${topic}/${turn}`) faults.push(`offset ${turn} of "${topic}" is "${text}"`)
    }
  })
  clients.forEach((client) => client.destroy())
  expectNone(faults, 'entries')
}

function since(startedMs: number): string {
  return `${((performance.now() - startedMs) / 1000).toFixed(1)} s`
}

/** Looking at all topics is work for the node that is asked. */
const SETTLE_POLL_MS = 500
const CALL_TIMEOUT_MS = 60_000
