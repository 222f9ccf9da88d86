import { reasonOf } from '@walrus/core'
import { streamOf } from '../plan/random-choice.js'
import { BrokenPromise, checkCluster } from './check/check-cluster.js'
import { Client } from './clients/client.js'
import { TopicHistory } from './clients/history.js'
import { Storm } from './faults/storm.js'
import { planCluster, type ClusterPlan } from './plan.js'
import type { ClusterSabotage } from './sabotage/cluster-sabotages.js'
import { ClusterWorld } from './world/cluster-world.js'
import type { OnEvent } from './world/life-trace.js'

export interface ClusterRunOptions {
  /** Keeps readable lines of what happened. */
  readonly recording?: boolean
  /** Only so many things go wrong; all unless told. */
  readonly faultsMax?: number
  /** None of these, by number from 1. */
  readonly without?: ReadonlySet<number>
  /** What is wrong with the cluster, so that a promise must be broken. */
  readonly sabotage?: ClusterSabotage
  /** Hears each step of the protocol that some node takes; nobody unless told. */
  readonly onEvent?: OnEvent
}

/** What became of a seed. */
export interface ClusterSeedResult {
  readonly seed: number
  /** What was broken; undefined when every promise was kept. */
  readonly failure: string | undefined
  /** Equal for equal runs. */
  readonly hash: string
  readonly lines: readonly string[]
  readonly simulatedMs: number
  readonly faultCount: number
  readonly acknowledged: number
}

/** Runs a cluster of which the seed decides all, and tells what it did to its promises. */
export async function runClusterSeed(seed: number, options: ClusterRunOptions = {}): Promise<ClusterSeedResult> {
  const { recording = false, sabotage = {}, faultsMax = Infinity, without = new Set() } = options
  const plan = (sabotage.plan ?? unchanged)(planCluster(seed))
  const world = new ClusterWorld({ plan, recording, sabotage, onEvent: options.onEvent })
  const histories = plan.topics.map((topic) => new TopicHistory(topic))
  const storm = new Storm({
    world,
    random: streamOf(seed, 2),
    randomOf: (fault) => streamOf(seed, 1_000 + fault),
    everyMs: plan.faultEveryMs,
    faultsMax,
    without,
  })
  let failure: string | undefined
  try {
    await live(world, storm, histories)
  } catch (error) {
    failure =
      error instanceof BrokenPromise ? error.message : error instanceof Error ? (error.stack ?? '') : reasonOf(error)
    world.tell(failure)
  }
  return {
    seed,
    failure,
    hash: world.trace.hash,
    lines: world.trace.lines,
    simulatedMs: world.time.nowMs,
    faultCount: storm.count,
    acknowledged: histories.reduce((sum, { ackedCount }) => sum + ackedCount, 0),
  }
}

async function live(world: ClusterWorld, storm: Storm, histories: readonly TopicHistory[]): Promise<void> {
  const { plan } = world
  await begin(world, plan)
  const [first, ...others] = histories
  if (first === undefined) return
  const clients = Array.from(
    { length: plan.clientCount },
    (_, at) =>
      new Client({ name: `c${at}`, world, random: streamOf(plan.seed, 200 + at), histories: [first, ...others] }),
  )
  const working = Promise.all(clients.map((client) => client.work()))
  // It is waited for at last; until then it is no rejection that nobody handles.
  working.catch(() => undefined)
  storm.begin()
  await world.time.pass(plan.stormMs)
  storm.end()
  world.healAll()
  for (const client of clients) client.stop()
  await world.time.settled(working, 'the last answer to a client')
  await checkCluster(world, histories)
}

/** All nodes serve, and the topics are there. */
async function begin(world: ClusterWorld, plan: ClusterPlan): Promise<void> {
  for (const machine of world.machines) machine.start()
  const allServe = (): boolean => world.machines.every(({ life }) => life?.node.ready === true)
  if (!(await world.time.passUntil(allServe, 60_000))) throw new BrokenPromise('the nodes do not begin to serve')
  for (const topic of plan.topics) {
    const life = world.machine(1).life
    if (life !== undefined) await world.time.settled(life.node.register(topic), `registering ${topic}`)
  }
}

function unchanged(plan: ClusterPlan): ClusterPlan {
  return plan
}
