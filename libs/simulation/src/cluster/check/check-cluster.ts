import { encodeState, endPosition, type ClusterMetadata, type SegmentMetadata } from '@walrus/core'
import type { ReadEvent } from '@walrus/testing'
import { ClientConnection } from '../clients/client-connection.js'
import { getOne, takeSome } from '../clients/client.js'
import type { TopicHistory } from '../clients/history.js'
import type { ClusterWorld } from '../world/cluster-world.js'
import type { NodeLife } from '../world/machine.js'
import { checkHistory } from './check-history.js'

/** Thrown with what is wrong. */
export class BrokenPromise extends Error {}

/** With all faults gone the cluster is one again: whole, the same everywhere, with all that was promised, and it goes on. */
export async function checkCluster(world: ClusterWorld, histories: readonly TopicHistory[]): Promise<void> {
  await allServe(world)
  await finishRemovals(world)
  const lives = await allServe(world)
  await makeProgress(world, lives, histories)
  const logs = new Map<TopicHistory, readonly ReadEvent[]>()
  for (const history of histories) logs.set(history, await readEverywhere(world, lives, history))
  for (const history of histories) await takeTheRest(world, lives, history)
  const faults = [...logs].flatMap(([history, log]) => checkHistory(history, log))
  if (faults.length > 0) throw new BrokenPromise(faults.slice(0, FAULTS_SHOWN_MAX).join('; ').replaceAll(/x{3,}/g, '…'))
  await copiesAreWhole(world, lives)
  await sameMetadata(world, lives)
}

/** Every node that belongs to the cluster serves, and may write. */
async function allServe(world: ClusterWorld): Promise<readonly NodeLife[]> {
  const waiting = (): readonly number[] =>
    world.members.filter((one) => one.life?.node.ready !== true).map(({ nodeId }) => nodeId)
  if (!(await world.time.passUntil(() => waiting().length === 0, RECOVERY_MS_MAX))) {
    throw new BrokenPromise(
      `nodes ${waiting().join(', ')} do not serve ${RECOVERY_MS_MAX / 1000} s after all was healed`,
    )
  }
  return world.members.flatMap(({ life }) => life ?? [])
}

async function finishRemovals(world: ClusterWorld): Promise<void> {
  const endMs = world.time.nowMs + RECOVERY_MS_MAX
  for (const node of world.leaving) {
    while (world.leaving.has(node)) {
      if (world.time.nowMs > endMs) throw new BrokenPromise(`node ${node} cannot be removed long after all was healed`)
      await world.time.settled(world.remove(node), `the removal of node ${node}`)
      await world.time.pass(100)
    }
  }
}

/** A PUT to each topic succeeds on each node. */
async function makeProgress(
  world: ClusterWorld,
  lives: readonly NodeLife[],
  histories: readonly TopicHistory[],
): Promise<void> {
  for (const history of histories) {
    for (const [at, life] of lives.entries()) {
      const entry = `progress-${at}:`
      history.sent(entry, `progress ${at}`, 0)
      const appended = await untilAppended(world, life, history.topic, new TextEncoder().encode(entry), 1 + at)
      history.settled(entry, 'acked', appended)
    }
  }
}

async function untilAppended(
  world: ClusterWorld,
  life: NodeLife,
  topic: string,
  entry: Uint8Array,
  producerId: number,
): Promise<number | undefined> {
  const endMs = world.time.nowMs + RECOVERY_MS_MAX
  const connection = new ClientConnection({ life, time: world.time, name: 'progress' })
  for (let reason = ''; ;) {
    const producer = { id: producerId, sequence: 0 }
    const asked = connection.binary({ command: 'append', topic, producer, entries: [entry] })
    const outcome = await world.time.settled(asked, `a PUT to ${topic}`)
    if (outcome.kind === 'answered') return outcome.reply.firstOffset
    if (outcome.kind === 'failed') reason = outcome.message
    if (world.time.nowMs > endMs) throw new BrokenPromise(`${topic} takes no PUT long after all was healed: ${reason}`)
    await world.time.pass(200)
  }
}

/** Everything in the topic, which each node gives alike. */
async function readEverywhere(
  world: ClusterWorld,
  lives: readonly NodeLife[],
  { topic }: TopicHistory,
): Promise<readonly ReadEvent[]> {
  let first: readonly ReadEvent[] | undefined
  for (const life of lives) {
    const log = await readAll(world, life, topic)
    first ??= log
    const differs = log.findIndex(
      ({ entry, offset }, at) => first?.[at]?.entry !== entry || first[at].offset !== offset,
    )
    const what = `${topic} at ${differs < 0 ? Math.min(log.length, first.length) : differs}`
    if (differs >= 0 || log.length !== first.length) throw new BrokenPromise(`two nodes differ in ${what}`)
  }
  return first ?? []
}

async function readAll(world: ClusterWorld, life: NodeLife, topic: string): Promise<readonly ReadEvent[]> {
  const log: ReadEvent[] = []
  const endMs = world.time.nowMs + RECOVERY_MS_MAX
  const connection = new ClientConnection({ life, time: world.time, name: 'reader' })
  for (;;) {
    const request = {
      command: 'fetch',
      topic,
      offset: log.length,
      maxEntries: 500,
      maxBytes: 500_000,
      maxWaitMs: 0,
    } as const
    const outcome = await world.time.settled(connection.binary(request), `a read of ${topic}`)
    if (outcome.kind === 'answered') {
      const { entries, highWatermark } = outcome.reply
      for (const { offset, data } of entries) log.push({ offset, entry: new TextDecoder().decode(data) })
      if (entries.length === 0 && log.length >= highWatermark) return log
    } else if (world.time.nowMs > endMs) {
      const reason = outcome.kind === 'failed' ? outcome.message : 'the connection broke'
      throw new BrokenPromise(`${topic} cannot be read long after all was healed: ${reason}`)
    }
    await world.time.pass(50)
  }
}

/** From one node after the other, until each says that there is no more. */
async function takeTheRest(world: ClusterWorld, lives: readonly NodeLife[], history: TopicHistory): Promise<void> {
  const endMs = world.time.nowMs + RECOVERY_MS_MAX
  const connections = lives.map((life) => new ClientConnection({ life, time: world.time, name: 'taker' }))
  for (let empty = 0, turn = 0; empty < connections.length; turn += 1) {
    const connection = connections[turn % connections.length]
    if (connection === undefined) return
    const taken = turn % 3 === 0 ? getOne(connection, history) : takeSome(connection, history, TAKEN_AT_ONCE)
    const outcome = await world.time.settled(taken, `a GET of ${history.topic}`)
    empty = outcome === 'empty' ? empty + 1 : 0
    if (outcome === 'failed') await world.time.pass(100)
    if (world.time.nowMs > endMs)
      throw new BrokenPromise(`${history.topic} cannot be taken from long after all was healed`)
  }
}

/** Every replica of every sealed segment is whole. */
async function copiesAreWhole(world: ClusterWorld, lives: readonly NodeLife[]): Promise<void> {
  const missing = (): readonly string[] => {
    const newest = newestState(lives)
    return [...newest.topics.values()].flatMap(({ name, segments }) =>
      segments.flatMap((segment) =>
        lives
          .filter((life) => lacks(life, name, segment))
          .map(({ node }) => `${name}/${segment.id} on ${node.status().id}`),
      ),
    )
  }
  if (await world.time.passUntil(() => missing().length === 0, RECOVERY_MS_MAX)) return
  throw new BrokenPromise(
    `copies are not whole long after all was healed: ${missing().slice(0, FAULTS_SHOWN_MAX).join(', ')}`,
  )
}

function lacks({ node, storage }: NodeLife, topic: string, segment: SegmentMetadata): boolean {
  if (segment.state !== 'sealed' || !segment.replicas.includes(node.status().id) || endPosition(segment) === 0)
    return false
  const log = storage.segment({ topic, segment: segment.id })
  return log?.sealed !== true || log.position !== endPosition(segment)
}

async function sameMetadata(world: ClusterWorld, lives: readonly NodeLife[]): Promise<void> {
  for (const { metadata } of lives) await world.time.settled(metadata.barrier(), 'catching up with the metadata')
  const states = (): readonly string[] => lives.map(({ metadata }) => encodeState(metadata.state))
  if (await world.time.passUntil(() => new Set(states()).size === 1, RECOVERY_MS_MAX)) return
  throw new BrokenPromise('the nodes have different metadata')
}

function newestState(lives: readonly NodeLife[]): ClusterMetadata {
  const [first, ...others] = lives.map(({ metadata }) => metadata.state)
  if (first === undefined) throw new BrokenPromise('no node is left')
  return others.reduce((newest, state) => (state.version > newest.version ? state : newest), first)
}

const RECOVERY_MS_MAX = 60_000
const TAKEN_AT_ONCE = 300
const FAULTS_SHOWN_MAX = 5
