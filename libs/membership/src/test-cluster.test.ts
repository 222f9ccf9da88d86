import { systemClock } from '@walrus/adapters-fs'
import { openPeerNetwork } from '@walrus/adapters-net'
import { WalrusError } from '@walrus/core'
import { openRaftMetadataLog, type RaftMetadataLog } from '@walrus/metadata-raft'
import { emptyConfState, MemoryLog, MemoryLogStore } from '@walrus/raft'
import { randomUUID } from 'node:crypto'
import { findCluster, type ClusterRecord } from './find-cluster.js'
import { openMembership, type Membership } from './membership.js'

/** A running node: real sockets on loopback, its log in memory. */
export interface TestNode {
  readonly id: number
  readonly identity: string
  readonly address: string
  readonly port: number
  readonly log: RaftMetadataLog
  readonly membership: Membership
  /** What an operator would read. */
  readonly reports: readonly string[]
  /** Resolves when the cluster does not take it any more. */
  readonly refused: Promise<WalrusError>
  stop(): Promise<void>
}

export interface StartOptions {
  readonly join?: readonly string[]
  /** 0: any. */
  readonly port?: number
  /** Nodes of one id and disk are one node, stopped and started again. */
  readonly disk?: string
  /** Another address than the one where it listens. */
  readonly advertise?: string
}

/** Nodes in one process; all are stopped at the end. */
export class TestCluster {
  readonly #disks = new Map<string, Disk>()
  readonly #stops = new Set<() => Promise<void>>()
  readonly #controllers = new Map<number, AbortController>()
  readonly #reports = new Map<number, string[]>()
  #onReport: () => void = () => undefined

  async start(
    id: number,
    { join = [], port = 0, disk: name = 'own', advertise }: StartOptions = {},
  ): Promise<TestNode> {
    const disk = this.#disk(`${id} ${name}`)
    const controller = new AbortController()
    const reports: string[] = []
    this.#controllers.set(id, controller)
    this.#reports.set(id, reports)
    const peers = await openPeerNetwork({
      host: '127.0.0.1',
      port,
      nodeId: id,
      clusterId: disk.clusterId ?? '',
      clock,
      random: Math.random,
      onEvent: () => undefined,
      timings: { backoffMinMs: 5, backoffMaxMs: 50 },
    })
    const closePeers = this.#willStop(() => peers.close())
    const address = advertise ?? peers.address
    const options = {
      self: { nodeId: id, identity: disk.identity, address, clientAddress: '' },
      seeds: join,
      peers,
      clock,
      random: Math.random,
      signal: controller.signal,
      report: (_: string, message: string, fields: object) => {
        reports.push(`${message} ${JSON.stringify(fields)}`)
        this.#onReport()
      },
    }
    try {
      const addresses = await findCluster({
        ...options,
        clusterId: disk.clusterId ?? '',
        record: disk,
        adoptCluster: (clusterId) => peers.adoptCluster(clusterId),
        newClusterId: randomUUID,
      })
      const log = await openRaftMetadataLog({
        nodeId: id,
        address,
        addresses,
        store: disk.store(),
        connect: (events) => {
          peers.attach(events)
          return peers
        },
        clock,
        random: (bound) => Math.floor(Math.random() * bound),
        timing: { tickMs: 20 },
        ...(disk.isFounder && { bootstrap: { ...emptyConfState, voters: [id] } }),
      })
      const closeLog = this.#willStop(() => log.close())
      let onRefused: (error: WalrusError) => void = () => undefined
      const refused = new Promise<WalrusError>((resolve) => (onRefused = resolve))
      const membership = await openMembership({ ...options, clusterId: disk.clusterId ?? '', log, onRefused })
      const stop = async (): Promise<void> => {
        membership.close()
        await closeLog()
        await closePeers()
      }
      const { identity } = disk
      return { id, identity, address, port: portOf(peers.address), log, membership, reports, refused, stop }
    } catch (error) {
      await closePeers()
      throw error
    }
  }

  stopSignal(id: number): AbortController {
    return this.#controllers.get(id) ?? new AbortController()
  }

  async whenReported(id: number, words: string): Promise<void> {
    while (!this.#reports.get(id)?.some((line) => line.includes(words))) {
      await new Promise<void>((resolve) => (this.#onReport = resolve))
    }
  }

  async close(): Promise<void> {
    for (const controller of this.#controllers.values()) controller.abort()
    await Promise.all([...this.#stops].map((stop) => stop()))
  }

  #disk(name: string): Disk {
    const disk = this.#disks.get(name) ?? new Disk()
    this.#disks.set(name, disk)
    return disk
  }

  #willStop(stop: () => Promise<void>): () => Promise<void> {
    const once = async (): Promise<void> => {
      if (this.#stops.delete(once)) await stop()
    }
    this.#stops.add(once)
    return once
  }
}

const clock = systemClock()

/** What remains of a node between its starts. */
class Disk implements ClusterRecord {
  readonly identity = randomUUID()
  readonly #log = new MemoryLog()
  clusterId: string | null = null
  isFounder = false

  lastIndex(): number {
    return this.#log.lastIndex()
  }

  store(): MemoryLogStore {
    return new MemoryLogStore(this.#log)
  }

  async saveCluster(clusterId: string, { isFounder }: { readonly isFounder: boolean }): Promise<void> {
    this.clusterId = clusterId
    this.isFounder = isFounder
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

/** What the call fails with; `code` is `resolved` when it does not. */
export async function failureOf(
  call: Promise<unknown>,
): Promise<{ code: WalrusError['code'] | 'resolved'; message: string }> {
  try {
    await call
  } catch (error) {
    if (error instanceof WalrusError) return error
    throw error
  }
  return { code: 'resolved', message: '' }
}
