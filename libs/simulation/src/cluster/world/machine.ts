import { nodeClientService, openNode, type ClientService, type ClusterNode } from '@walrus/cluster'
import { reasonOf, WalrusError, type EventTrace, type LogStorage, type MetadataLog, type NodeId } from '@walrus/core'
import { findCluster, openMembership, type AdmissionOptions, type ClusterRecord } from '@walrus/membership'
import { openRaftMetadataLog, type RaftMetadataLog } from '@walrus/metadata-raft'
import { emptyConfState } from '@walrus/raft'
import { randomBelow, type Random } from '@walrus/testing'
import type { ClusterSabotage } from '../sabotage/cluster-sabotages.js'
import { lifeTrace, type OnEvent } from './life-trace.js'
import type { Links } from './links.js'
import type { NodePlan } from './node-plan.js'
import { PeerPort, type PeerDirectory } from './peer-port.js'
import { RaftDisk } from './raft-disk.js'
import { RaftPort, type RaftDirectory } from './raft-port.js'
import { SimulatedProcess } from './simulated-process.js'
import { StorageDisk } from './storage-disk.js'
import type { WorldTime } from './world-time.js'

export interface MachineOptions {
  readonly nodeId: NodeId
  /** Nodes that it asks to be taken in; the founder knows none. */
  readonly seeds: readonly NodeId[]
  readonly plan: NodePlan
  readonly clockRate: number
  readonly time: WorldTime
  readonly random: Random
  readonly links: Links
  readonly peers: PeerDirectory
  readonly rafts: RaftDirectory
  readonly tell: (line: string) => void
  readonly sabotage: ClusterSabotage
  readonly onEvent: OnEvent | undefined
}

/** One life of a node. */
export interface NodeLife {
  readonly process: SimulatedProcess
  readonly node: ClusterNode
  readonly service: ClientService
  readonly storage: LogStorage
  readonly metadata: MetadataLog
  /** Called when the process is gone: what a closed connection tells a client. */
  readonly onEnd: Set<() => void>
}

/** A machine: its disks outlive the node that runs on it, and each life of the node begins from what they hold. */
export class Machine {
  readonly nodeId: NodeId
  readonly disk: StorageDisk
  readonly raftDisk: RaftDisk
  readonly #options: MachineOptions
  readonly #record: DiskRecord
  #process: SimulatedProcess | undefined
  #life: NodeLife | undefined
  #ports: { readonly peers: PeerPort; readonly raft: RaftPort | undefined } | undefined
  #isRefused = false

  constructor(options: MachineOptions) {
    this.#options = options
    this.nodeId = options.nodeId
    this.disk = new StorageDisk(options.random, options.plan.sizes)
    this.raftDisk = new RaftDisk(options.random)
    this.#record = new DiskRecord(this.raftDisk)
  }

  /** The node, once it serves. */
  get life(): NodeLife | undefined {
    return this.#life
  }

  /** The process runs, or is paused; its node may still be starting. */
  get isUp(): boolean {
    return this.#process?.isAlive === true
  }

  get isPaused(): boolean {
    return this.#process?.isPaused === true
  }

  /** The cluster does not take it any more. */
  get isRefused(): boolean {
    return this.#isRefused
  }

  /** Begins a life; it may fail, and then the process is gone. */
  start(): void {
    if (this.isUp) return
    const { time, clockRate, tell } = this.#options
    const process = new SimulatedProcess({ time, clockRate })
    this.#process = process
    tell(`node ${this.nodeId} starts`)
    this.#open(process).then(
      (life) => {
        this.#life = life
        tell(`node ${this.nodeId} serves`)
      },
      (error: unknown) => this.#failed(process, error),
    )
  }

  /** The process is killed, and with `losesPower` the machine with it. */
  kill(losesPower: boolean): void {
    if (!this.isUp) return
    this.#options.tell(`node ${this.nodeId} ${losesPower ? 'loses power' : 'is killed'}`)
    this.#process?.die()
    this.#ports?.raft?.vanish()
    this.#ports?.peers.vanish()
    for (const ended of this.#life?.onEnd ?? []) this.#options.time.after(1, ended)
    this.#life = undefined
    this.raftDisk.crash()
    if (losesPower) this.disk.losePower()
    else this.disk.kill()
  }

  pause(): void {
    if (!this.isUp) return
    this.#options.tell(`node ${this.nodeId} is paused`)
    this.#process?.pause()
  }

  resume(): void {
    if (!this.isPaused) return
    this.#options.tell(`node ${this.nodeId} goes on`)
    this.#process?.resume()
  }

  jumpWall(milliseconds: number): void {
    this.#process?.jumpWall(milliseconds)
  }

  async #open(process: SimulatedProcess): Promise<NodeLife> {
    const { nodeId, links, peers: directory, plan, random, sabotage } = this.#options
    const peers = new PeerPort({ nodeId, process, links, directory })
    this.#ports = { peers, raft: undefined }
    const onProblem = (error: Error): void => this.#options.tell(`node ${nodeId}: ${error.message}`)
    const opened = await this.disk.open(process, onProblem, sabotage.files)
    const storage = sabotage.storage?.(opened) ?? opened
    const admission = this.#admission(process, peers)
    const { onEvent } = this.#options
    const trace = onEvent && lifeTrace(nodeId, process, onEvent)
    const log = await this.#openMetadata(process, peers, admission, trace)
    const metadata = sabotage.metadata?.(log) ?? log
    const { clusterId } = this.#record
    const onRefused = (error: WalrusError): void => this.#failed(process, error)
    const membership = await openMembership({ ...admission, clusterId: clusterId ?? '', log, onRefused })
    const node = await openNode({
      nodeId,
      address: addressOf(nodeId),
      storage,
      metadata,
      peers: sabotage.peers?.(peers) ?? peers,
      removeMember: (id, timeoutMs) => membership.removeNode(id, timeoutMs),
      clock: process,
      random,
      report: (level, message, fields) => {
        if (level !== 'debug') this.#options.tell(`node ${nodeId}: ${message} ${JSON.stringify(fields)}`)
      },
      topicConfig: plan.topicConfig,
      limits: plan.limits,
      ...(trace && { trace }),
    })
    return { process, node, service: nodeClientService(node, process), storage, metadata, onEnd: new Set() }
  }

  #admission(clock: SimulatedProcess, peers: PeerPort): AdmissionOptions {
    const { nodeId, seeds, random, tell } = this.#options
    return {
      self: { nodeId, identity: `machine-${nodeId}`, address: addressOf(nodeId), clientAddress: '' },
      clusterId: this.#record.clusterId ?? '',
      seeds: seeds.map(addressOf),
      peers: peers.asRequests(idOf),
      report: (level, message, fields) =>
        level === 'warn' && tell(`node ${nodeId}: ${message} ${JSON.stringify(fields)}`),
      clock,
      random,
      signal: new AbortController().signal,
    }
  }

  async #openMetadata(
    process: SimulatedProcess,
    peers: PeerPort,
    admission: AdmissionOptions,
    trace: EventTrace | undefined,
  ): Promise<RaftMetadataLog> {
    const { nodeId, links, rafts: directory, random, plan } = this.#options
    const record = this.#record
    const newClusterId = (): string => 'simulated'
    const addresses = await findCluster({ ...admission, record, adoptCluster: () => undefined, newClusterId })
    return await openRaftMetadataLog({
      nodeId,
      address: addressOf(nodeId),
      addresses,
      store: this.raftDisk.open(process),
      connect: (events) => {
        const raft = new RaftPort({ nodeId, process, links, directory, events })
        this.#ports = { peers, raft }
        return raft
      },
      clock: process,
      random: (bound) => randomBelow(random, bound),
      timing: plan.raftTiming,
      limits: plan.raftLimits,
      ...(record.isFounder && { bootstrap: { ...emptyConfState, voters: [nodeId] } }),
      events: { onFatal: (error) => this.#failed(process, error) },
      ...(trace && { trace }),
    })
  }

  /** The program says why, and ends. */
  #failed(process: SimulatedProcess, error: unknown): void {
    if (process !== this.#process || !process.isAlive) return
    if (!(error instanceof Error)) throw new Error(`node ${this.nodeId} stopped without an error`)
    this.#options.tell(`node ${this.nodeId} stops: ${reasonOf(error)}`)
    this.#isRefused ||= error instanceof WalrusError && error.code === 'NODE_REFUSED'
    this.kill(false)
  }
}

export function addressOf(node: NodeId): string {
  return `node-${node}:6000`
}

function idOf(address: string): NodeId {
  return Number(/^node-(\d+):/.exec(address)?.[1])
}

/** Which cluster the machine belongs to, on the disk of its log. */
class DiskRecord implements ClusterRecord {
  clusterId: string | null = null
  isFounder = false
  readonly #disk: RaftDisk

  constructor(disk: RaftDisk) {
    this.#disk = disk
  }

  lastIndex(): number {
    return this.#disk.isEmpty ? 0 : 1
  }

  async saveCluster(clusterId: string, { isFounder }: { readonly isFounder: boolean }): Promise<void> {
    this.clusterId = clusterId
    this.isFounder = isFounder
  }
}
