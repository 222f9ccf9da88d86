import {
  liveNodes,
  quorumContactMs,
  NotAskedError,
  type ClusterMetadata,
  type MetadataLog,
  type NodeId,
  type PeerMessaging,
  type Clock,
  type Timer,
} from '@walrus/core'
import { CLUSTER_REQUESTS, heartbeatAnswer, type HeartbeatAnswer } from '@walrus/protocol'
import type { NodeLimits } from '../node-context.js'
import type { LivenessView } from './liveness-view.js'

export interface HeartbeatsOptions {
  readonly nodeId: NodeId
  readonly metadata: MetadataLog
  readonly peers: PeerMessaging
  readonly clock: Clock
  readonly limits: Pick<NodeLimits, 'heartbeatMs' | 'leaseMs' | 'silenceMs' | 'goneMs'>
}

/** What another node last said of itself, and when. */
interface Neighbour {
  /** When this node could first have heard it. */
  sinceMs: number
  /** When the newest question was asked that it answered; negative infinity before. */
  contactMs: number
  /** Questions since then that were refused at once, not lost: most likely there is no process any more. */
  refusedCount: number
  said: HeartbeatAnswer | undefined
}

/**
 * Asks every other node for a sign of life, all the time, and answers when asked. A contact counts from the moment of the
 * question, so that the other node was alive then or later.
 */
export class Heartbeats implements LivenessView {
  /** What this node says of itself. */
  leaving = false
  diskFull = false
  readonly #options: HeartbeatsOptions
  readonly #neighbours = new Map<NodeId, Neighbour>()
  readonly #contactListeners = new Set<() => void>()
  #nodes: ClusterMetadata['nodes'] | undefined
  #voters: ReadonlySet<NodeId> = new Set()
  #lastBeatMs: number
  #timer: Timer | undefined

  constructor(options: HeartbeatsOptions) {
    this.#options = options
    this.#lastBeatMs = options.clock.monotonicMs()
    options.peers.handle(CLUSTER_REQUESTS.heartbeat, () => Promise.resolve(this.#answer()))
    this.#beat()
  }

  live(): ReadonlySet<NodeId> {
    const { nodeId, clock, limits } = this.#options
    this.#follow()
    const nowMs = clock.monotonicMs()
    const heard = new Map([...this.#neighbours].map(([node, one]) => [node, nowMs - this.#silenceOf(one, nowMs)]))
    return liveNodes(heard, nodeId, nowMs, limits.silenceMs)
  }

  placeable(): ReadonlySet<NodeId> {
    return new Set([...this.live()].filter((node) => this.#wantsMore(node)))
  }

  silentMs(node: NodeId): number {
    const { nodeId, clock, limits } = this.#options
    const nowMs = clock.monotonicMs()
    // A node that has just been stopped for a while has not asked, so it cannot tell who would have answered.
    if (node === nodeId || nowMs - this.#lastBeatMs > limits.leaseMs) return 0
    this.#follow()
    const one = this.#neighbours.get(node)
    return one === undefined ? 0 : this.#silenceOf(one, nowMs)
  }

  quorumContactMs(): number {
    const { nodeId, clock } = this.#options
    this.#follow()
    const contacts = new Map([...this.#neighbours].map(([node, one]) => [node, one.contactMs]))
    return quorumContactMs(contacts, this.#voters, nodeId, clock.monotonicMs())
  }

  /** What the node last said of itself; undefined before it said anything. */
  said(node: NodeId): HeartbeatAnswer | undefined {
    return node === this.#options.nodeId ? this.#self() : this.#neighbours.get(node)?.said
  }

  /** Calls back after each answer. */
  onContact(listener: () => void): void {
    this.#contactListeners.add(listener)
  }

  close(): void {
    this.#timer?.cancel()
    this.#contactListeners.clear()
  }

  /** For ever, once it is most likely gone: nobody has to wait out the silence of a process that has died. */
  #silenceOf({ contactMs, sinceMs, refusedCount }: Neighbour, nowMs: number): number {
    const silentMs = nowMs - Math.max(contactMs, sinceMs)
    return refusedCount >= REFUSALS_MIN && silentMs >= this.#options.limits.goneMs ? Infinity : silentMs
  }

  #beat(): void {
    const { clock, limits } = this.#options
    const nowMs = clock.monotonicMs()
    this.#follow()
    if (nowMs - this.#lastBeatMs > limits.leaseMs) for (const one of this.#neighbours.values()) one.sinceMs = nowMs
    this.#lastBeatMs = nowMs
    for (const [node, one] of this.#neighbours) void this.#ask(node, one)
    this.#timer = clock.after(limits.heartbeatMs, () => this.#beat())
  }

  async #ask(node: NodeId, neighbour: Neighbour): Promise<void> {
    const { peers, clock, limits } = this.#options
    const askedMs = clock.monotonicMs()
    try {
      const bytes = await peers.request(node, CLUSTER_REQUESTS.heartbeat, new Uint8Array(), limits.silenceMs)
      const said = heartbeatAnswer.decode(bytes)
      if (typeof said === 'string') return
      neighbour.said = said
      neighbour.contactMs = Math.max(neighbour.contactMs, askedMs)
      neighbour.refusedCount = 0
    } catch (error) {
      if (error instanceof NotAskedError) neighbour.refusedCount += 1
      return
    }
    for (const listener of this.#contactListeners) listener()
  }

  #answer(): Uint8Array {
    return heartbeatAnswer.encode(this.#self())
  }

  #self(): HeartbeatAnswer {
    const { leaving, diskFull } = this
    return { metadataVersion: this.#options.metadata.state.version, leaving, diskFull }
  }

  #wantsMore(node: NodeId): boolean {
    const said = this.said(node)
    return said === undefined || (!said.leaving && !said.diskFull)
  }

  /** Neighbours are the nodes that metadata names, as it is now. */
  #follow(): void {
    const { nodeId, metadata, clock } = this.#options
    const { nodes } = metadata.state
    if (nodes === this.#nodes) return
    this.#nodes = nodes
    const voters = [...nodes.values()].filter((node) => node.role === 'voter').map((node) => node.id)
    this.#voters = new Set(voters.length === 0 ? [nodeId] : voters)
    for (const node of this.#neighbours.keys()) if (!nodes.has(node)) this.#neighbours.delete(node)
    const sinceMs = clock.monotonicMs()
    for (const node of nodes.keys()) {
      if (node === nodeId || this.#neighbours.has(node)) continue
      this.#neighbours.set(node, { sinceMs, contactMs: -Infinity, refusedCount: 0, said: undefined })
    }
  }
}

const REFUSALS_MIN = 3
