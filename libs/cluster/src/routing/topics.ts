import {
  formatSegmentKey,
  lastSegment,
  reasonOf,
  topicNameFault,
  WalrusError,
  type ClusterMetadata,
  type CommitTicket,
  type MetadataCommand,
  type SegmentKey,
  type TopicMetadata,
} from '@walrus/core'
import { unknownTopicMessage } from '@walrus/protocol'
import { ChangeSignal } from '../change-signal.js'
import type { PreviousLife } from '../leading/previous-life.js'
import type { ClusterContext } from '../node-context.js'
import type { OpenSegment } from '../open-segment.js'
import { SegmentReader } from '../reading/segment-reader.js'
import { routeOf } from './route.js'
import { TopicRuntime } from './topic-runtime.js'

export interface TopicsOptions {
  readonly context: ClusterContext
  readonly previousLife: PreviousLife
  readonly onDiskFull: () => void
}

/**
 * The topics that a node runs, kept as metadata says. A topic costs nothing until it is used here, or this node has something
 * to do for it.
 */
export class Topics {
  readonly reader: SegmentReader
  readonly #options: TopicsOptions
  readonly #runtimes = new Map<string, TopicRuntime>()
  readonly #changed = new ChangeSignal()
  /** Names of which it is not known yet whether there are such topics. */
  readonly #learning = new Set<string>()
  readonly #unsubscribe: () => void
  #closed: WalrusError | undefined

  constructor(options: TopicsOptions) {
    const { context } = options
    this.#options = options
    this.reader = new SegmentReader({
      context,
      openSegment: (key) => this.#openSegment(key),
      onDamage: (key) => this.#repair(key),
    })
    for (const topic of context.metadata.state.topics.values()) if (this.#isWork(topic)) this.#run(topic)
    this.#unsubscribe = context.metadata.subscribe((command, state) => this.#follow(command, state))
    context.lease.onChange(() => this.#leaseChanged())
  }

  /** Throws `UNKNOWN_TOPIC`, and what `TopicGate.append` throws. */
  append(topic: string, entry: Uint8Array): CommitTicket {
    return this.get(topic).append(entry)
  }

  /** Throws `UNKNOWN_TOPIC`, unless another node might know the topic: then what is asked of it waits until that is known. */
  get(name: string): TopicRuntime {
    const runtime = this.#runtimes.get(name)
    if (runtime !== undefined) return runtime
    if (this.#closed !== undefined) throw this.#closed
    const { metadata } = this.#options.context
    const topic = metadata.state.topics.get(name)
    if (topic !== undefined) return this.#run(topic)
    const isCertain = metadata.state.nodes.size <= 1 || topicNameFault(name) !== undefined
    if (isCertain || this.#learning.size >= LEARNING_MAX) throw unknownTopic(name)
    return this.#learn(name)
  }

  /** The topic, if it is used here. */
  find(name: string): TopicRuntime | undefined {
    return this.#runtimes.get(name)
  }

  /** Those whose open segment is led here and ready. */
  led(): TopicRuntime[] {
    return [...this.#runtimes.values()].filter((runtime) => runtime.segment !== undefined)
  }

  /**
   * The topic, once this node's metadata has that segment of it, as the asker's has. Rejects with `NOT_LEADER` when that takes
   * too long.
   */
  async reaching(name: string, segment: number): Promise<TopicRuntime> {
    const { clock, metadata, limits } = this.#options.context
    const deadlineMs = clock.monotonicMs() + limits.requestTimeoutMs
    for (;;) {
      const topic = metadata.state.topics.get(name)
      if (topic !== undefined && lastSegment(topic).id >= segment) return this.get(name)
      const leftMs = deadlineMs - clock.monotonicMs()
      if (leftMs <= 0) {
        const key = formatSegmentKey({ topic: name, segment })
        throw new WalrusError('NOT_LEADER', `Cannot use segment "${key}": this node does not know it yet`)
      }
      await this.#changed.next(clock, leftMs)
    }
  }

  /** Another node may know the topic already: what is asked of it waits until this node's metadata is as new as that. */
  #learn(name: string): TopicRuntime {
    const runtime = this.#create(name)
    this.#learning.add(name)
    void this.#learned(name)
    return runtime
  }

  /** Never rejects. */
  async #learned(name: string): Promise<void> {
    const { metadata } = this.#options.context
    let failure: WalrusError | undefined
    try {
      await metadata.barrier()
    } catch (error) {
      failure = new WalrusError('UNAVAILABLE', `Cannot say whether topic "${name}" exists: ${reasonOf(error)}`, error)
    }
    if (this.#learning.delete(name) && !metadata.state.topics.has(name)) {
      this.abandon(name, failure ?? unknownTopic(name))
    }
  }

  /** A topic that is not in the metadata yet: what is asked of it waits until it is, or until `abandon`. */
  expect(name: string): void {
    this.#learning.delete(name)
    if (!this.#runtimes.has(name)) this.#create(name)
  }

  /** The expected topic does not come: what waits for it fails with `error`. */
  abandon(name: string, error: WalrusError): void {
    this.#runtimes.get(name)?.fail(error)
    this.#runtimes.delete(name)
  }

  tick(): void {
    for (const runtime of this.#runtimes.values()) runtime.tick()
  }

  /** Resolves when no rollover is under way. */
  async settled(): Promise<void> {
    for (const runtime of this.#runtimes.values()) await runtime.settled()
  }

  /** Follows metadata no longer; each call fails with `error` from now on. */
  close(error: WalrusError): void {
    this.#unsubscribe()
    this.#closed = error
    for (const runtime of this.#runtimes.values()) runtime.fail(error)
  }

  #openSegment({ topic, segment }: SegmentKey): OpenSegment | undefined {
    const open = this.#runtimes.get(topic)?.segment
    return open?.segment === segment ? open : undefined
  }

  /** What is open is ended first: only then others are known to have all of it. */
  #repair(key: SegmentKey): void {
    if (this.#openSegment(key) !== undefined) this.#runtimes.get(key.topic)?.damaged()
    this.#options.context.replication.renew(key)
  }

  #follow(command: MetadataCommand, state: ClusterMetadata): void {
    if (!('topic' in command)) return
    const topic = state.topics.get(command.topic)
    if (topic === undefined) {
      this.abandon(command.topic, unknownTopic(command.topic))
    } else if (this.#runtimes.has(topic.name) || this.#isWork(topic)) {
      this.#run(topic)
    }
    this.#changed.fire()
  }

  /** There is something to lead that is more than an empty segment: it has a past, or something is stored. */
  #isWork(topic: TopicMetadata): boolean {
    const { context } = this.#options
    const { id: segment, leader } = lastSegment(topic)
    if (leader !== context.nodeId) return false
    return segment > 1 || context.storage.segment({ topic: topic.name, segment }) !== undefined
  }

  #run(topic: TopicMetadata): TopicRuntime {
    const { context, previousLife } = this.#options
    const runtime = this.#runtimes.get(topic.name) ?? this.#create(topic.name)
    runtime.adopt(topic, routeOf(topic, context.nodeId, previousLife.has(topic)))
    return runtime
  }

  #create(topic: string): TopicRuntime {
    const { context, onDiskFull } = this.#options
    const runtime = new TopicRuntime({ context, topic, reader: this.reader, onDiskFull })
    this.#runtimes.set(topic, runtime)
    return runtime
  }

  #leaseChanged(): void {
    for (const runtime of this.#runtimes.values()) runtime.leaseChanged()
  }
}

const LEARNING_MAX = 1024

function unknownTopic(name: string): WalrusError {
  return new WalrusError('UNKNOWN_TOPIC', unknownTopicMessage(name))
}
