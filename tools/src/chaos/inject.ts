import { setTimeout as delay } from 'node:timers/promises'
import type { TestCluster } from '../cluster-test/test-cluster.js'
import { until } from '../cluster-test/until.js'
import { linkFaults } from './link-faults.js'
import type { Fault } from './plan.js'
import type { Seat } from './seat.js'

/** What faults happen to. */
export interface World {
  readonly cluster: TestCluster
  readonly seats: readonly Seat[]
  readonly quotaBytes: number
}

/** Ends a fault. A node that was started need not be ready when it resolves. */
export type EndFault = () => Promise<void>

/** Begins a fault; resolves, as soon as it is there, with how to end it. */
export async function inject(fault: Fault, world: World): Promise<EndFault> {
  switch (fault.kind) {
    case 'kill':
      return await kill(seatOf(world, fault.seat))
    case 'pause':
      return pause(seatOf(world, fault.seat))
    case 'disk-full':
      return await seatOf(world, fault.seat).fillDisk(world.quotaBytes)
    case 'replace':
      await replace(seatOf(world, fault.seat), world)
      return async () => undefined
    case 'partition':
    case 'one-way':
    case 'bridge':
    case 'slow-links': {
      const ids = world.seats.map(({ id }) => id)
      const heal = world.cluster.links.disturb(linkFaults(fault, ids))
      return async () => heal()
    }
  }
}

async function kill(seat: Seat): Promise<EndFault> {
  await seat.kill()
  return async () => seat.start()
}

function pause(seat: Seat): EndFault {
  seat.pause()
  return async () => seat.resume()
}

/** Takes the node out of the cluster for good, and lets a fresh one join in its place. */
async function replace(seat: Seat, { cluster, seats }: World): Promise<void> {
  const { id } = seat
  const other = seats.find((one) => one !== seat)
  const left = seat.left()
  await until(`node ${id} is removed`, () => removed(cluster, other?.id ?? 0, id), REMOVE_TIMEOUT_MS)
  await Promise.race([left, delay(LEAVE_TIMEOUT_MS)])
  await seat.kill()
  cluster.forget(id)
  seat.start(await cluster.place())
  await seat.ready
}

/** Asked for again, a removal goes on. */
async function removed(cluster: TestCluster, asked: number, id: number): Promise<boolean> {
  const { nodes } = await cluster.ask(asked, (client) => client.admin.clusterStatus())
  if (!nodes.some((node) => node.id === id)) return true
  await cluster.ask(asked, (client) => client.admin.removeNode(id, REMOVE_TIMEOUT_MS))
  return true
}

function seatOf({ seats }: World, number: number): Seat {
  const seat = seats[number]
  if (seat === undefined) throw new Error(`There is no seat ${number}`)
  return seat
}

const REMOVE_TIMEOUT_MS = 60_000
const LEAVE_TIMEOUT_MS = 15_000
