import type { WalrusClient } from '@walrus/client'
import { readBack, readLog } from '../read-back.js'
import { expectThat, type Scenario, type ScenarioOptions } from '../scenario.js'
import type { TestCluster } from '../test-cluster.js'
import { TopicWriter } from '../topic-writer.js'
import { until } from '../until.js'

const TOPIC = 'minority-test'
/** Each node has what is acknowledged here, and knows that all of it but the newest entry is committed. */
const EVERYWHERE = 'minority-everywhere'
const TIMEOUT_MS = 2_000
/** A refusal comes at the deadline, with some time for a busy machine. */
const REFUSED_MS_MAX = TIMEOUT_MS + 3_000

/** Two of three nodes are down: the leader survives, or another one does. */
export const minority: Scenario = {
  name: 'minority',
  about:
    'two of three nodes die: writes are refused in time, what is committed is read; when they are back all goes on',
  defaults: { seconds: 0, writers: 1 },
  run: async (options) => {
    const cluster = await options.startCluster({ flags: ['--request-timeout-ms', String(TIMEOUT_MS)] })
    await cluster.ask(1, async (client) => {
      await client.register(TOPIC)
      await client.admin.createTopic({ topic: EVERYWHERE, config: { ack: 'all' } })
    })
    const everywhere = new TopicWriter({ cluster, topic: EVERYWHERE, name: 'everywhere', nodes: [1, 2, 3] })
    const writers: TopicWriter[] = []
    for (const survivor of ['leader', 'follower', 'leader'] as const) {
      await everywhere.write(20)
      writers.push(await loseTwo(cluster, survivor, { before: writers, everywhere }, options))
    }
    await everywhere.stop()
    await readBack(cluster, EVERYWHERE, everywhere.puts)
    const count = await readBack(
      cluster,
      TOPIC,
      writers.flatMap((writer) => writer.puts),
    )
    return `3 times two nodes down, ${count} entries read back from every node`
  },
}

async function loseTwo(
  cluster: TestCluster,
  role: 'leader' | 'follower',
  { before, everywhere }: { readonly before: readonly TopicWriter[]; readonly everywhere: TopicWriter },
  { note }: ScenarioOptions,
): Promise<TopicWriter> {
  const name = `${role}-${before.length}`
  const writer = new TopicWriter({ cluster, topic: TOPIC, name, nodes: [1, 2, 3] })
  await writer.write(20)
  const { leader_node: leader } = await cluster.state(TOPIC)
  const survivor = role === 'leader' ? leader : (leader % 3) + 1
  const down = [1, 2, 3].filter((id) => id !== survivor)
  await Promise.all(down.map((id) => cluster.node(id).stop('SIGKILL')))
  note(`node ${survivor} (${role}) is left alone`)
  await cluster.ask(survivor, (client) => expectRefusals(client, writer, before.length + 1))
  const readable = (await readLog(cluster, survivor, EVERYWHERE)).length
  const known = everywhere.ackedCount - 1
  expectThat(readable >= known, `${readable} of ${known} entries can be read from node ${survivor} alone`)
  await Promise.all(down.map((id) => cluster.node(id).start()))
  const alone = new TopicWriter({ cluster, topic: TOPIC, name: `${name}-after`, nodes: [survivor] })
  await alone.write(5)
  await until(`node ${survivor} gives entries again`, () => takeOne(cluster, survivor), 30_000)
  await Promise.all([writer.stop(), alone.stop()])
  writer.puts.push(...alone.puts)
  return writer
}

async function takeOne(cluster: TestCluster, id: number): Promise<boolean> {
  return (await cluster.ask(id, (client) => client.get(TOPIC))) !== undefined
}

async function expectRefusals(client: WalrusClient, writer: TopicWriter, offset: number): Promise<void> {
  const entry = `${TOPIC}:alone-${writer.puts[0]?.writer ?? ''}`
  const name = `new-${writer.puts[0]?.writer.replaceAll('/', '-') ?? ''}`
  await Promise.all([
    expectRefusal('PUT', client.put(TOPIC, entry)),
    expectRefusal('GET', client.get(TOPIC)),
    expectRefusal('a move of a cursor', client.cursor(TOPIC, 'audit').seek(offset)),
    expectRefusal('REGISTER', client.register(name)),
  ])
  writer.puts.push({ entry, writer: `alone-${writer.puts[0]?.writer ?? ''}`, sequence: 0, outcome: 'unknown' })
}

/** An error that the broker gives, when its deadline is over. */
async function expectRefusal(what: string, call: Promise<unknown>): Promise<void> {
  const startMs = performance.now()
  const reason = await call.then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  )
  const tookMs = Math.round(performance.now() - startMs)
  expectThat(reason !== undefined, `${what} was answered by a node that is alone`)
  expectThat(/timed out|Cannot/.test(reason ?? ''), `${what} was refused with ${JSON.stringify(reason)}`)
  expectThat(tookMs <= REFUSED_MS_MAX, `${what} was refused after ${tookMs} ms`)
}
