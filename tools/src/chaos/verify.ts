import { checkTakes, checkTopic } from '@walrus/testing'
import { readLog } from './read-log.js'
import { takeRest } from './take-rest.js'
import { until } from '../cluster-test/until.js'
import type { World } from './inject.js'
import type { Recorder, TopicHistory } from './recorder.js'

export interface VerifyOptions {
  readonly world: World
  readonly recorder: Recorder
  readonly note: (line: string) => void
}

/**
 * After all faults have ended: waits until the nodes are one cluster again, writes through each of them, reads everything back
 * from each of them, takes what is left at the cursors, and holds it against the history. Resolves with what is wrong.
 */
export async function verify({ world, recorder, note }: VerifyOptions): Promise<readonly string[]> {
  const { cluster, seats } = world
  note('waiting until all nodes are one cluster again')
  await Promise.all(seats.map(({ ready }) => ready))
  await cluster.whenComplete(CONVERGE_TIMEOUT_MS)
  note('writing through every node')
  const ends = new Map<string, number>()
  for (const { topic } of recorder.histories) ends.set(topic, await writeThroughAll(topic, world, recorder))
  note('reading everything back from every node')
  for (const history of recorder.histories) await readBack(history, ends.get(history.topic) ?? 0, world)
  note('taking what is left at the cursors')
  for (const { topic } of recorder.histories) await takeRest(topic, world, recorder)
  await sameMetadata(world, recorder)
  return recorder.histories.flatMap(faultsOf)
}

/** What the history of a topic says against what is in it. */
function faultsOf({ topic, puts, takes, observed }: TopicHistory): readonly string[] {
  const log = observed.entries
  const faults = [...checkTopic(puts, log), ...checkTakes(takes, { puts, log, complete: true })]
  return [...observed.faults, ...faults.map((fault) => `"${topic}" ${fault}`)]
}

/** One entry through each node; resolves with the offset of the last one. */
async function writeThroughAll(topic: string, { cluster, seats }: World, recorder: Recorder): Promise<number> {
  let end = 0
  for (const { id } of seats) {
    const write = async (attempt: number) => {
      const entry = `after${id}:${attempt}`
      const put = { entry, writer: entry, sequence: 0, askedMs: recorder.now() }
      try {
        const { firstOffset } = await cluster.ask(id, (client) => client.appendBatch(topic, [Buffer.from(entry)]))
        end = firstOffset ?? end
        const offset = firstOffset === undefined ? {} : { offset: firstOffset }
        recorder.put(topic, [{ ...put, ...offset, outcome: 'acked', answeredMs: recorder.now() }])
        return true
      } catch (error) {
        recorder.put(topic, [{ ...put, outcome: 'unknown', answeredMs: recorder.now() }])
        throw error
      }
    }
    let attempts = 0
    await until(`node ${id} takes an entry of "${topic}"`, () => write((attempts += 1)), CONVERGE_TIMEOUT_MS)
  }
  return end
}

async function readBack({ topic, observed }: TopicHistory, end: number, { cluster, seats }: World): Promise<void> {
  await Promise.all(
    seats.map(async ({ id }) => {
      const reader = observed.reader(`node ${id} after all`)
      await readLog(cluster, id, { topic, reader, end, timeoutMs: CONVERGE_TIMEOUT_MS })
    }),
  )
}

/** Rejects unless all nodes tell the same of each sealed segment, in time. */
async function sameMetadata({ cluster, seats }: World, { histories }: Recorder): Promise<void> {
  for (const { topic } of histories) {
    const same = async () => {
      const states = await Promise.all(seats.map(({ id }) => cluster.state(topic, id)))
      return new Set(states.map((state) => JSON.stringify(state))).size === 1
    }
    await until(`all nodes know the same segments of "${topic}"`, same, CONVERGE_TIMEOUT_MS)
  }
}

const CONVERGE_TIMEOUT_MS = 90_000
