import {
  placeFirstSegment,
  reasonOf,
  topicNameFault,
  WalrusError,
  type MetadataCommand,
  type TopicConfig,
} from '@walrus/core'
import { timedOutMessage } from '@walrus/protocol'
import type { NodeContext } from '../node-context.js'
import { backoffMs, pause, within } from '../pause.js'
import type { Topics } from './topics.js'

/**
 * Creates topics. Asking for one that exists does nothing; asking twice at once creates it once. While a topic is being
 * created, what is asked of it waits.
 */
export class TopicRegistrar {
  readonly #context: NodeContext
  readonly #topics: Topics
  readonly #config: TopicConfig
  readonly #creations = new Map<string, Promise<void>>()

  constructor(context: NodeContext, topics: Topics, config: TopicConfig) {
    this.#context = context
    this.#topics = topics
    this.#config = config
  }

  /** What topics are created with unless somebody says otherwise. */
  get config(): TopicConfig {
    return this.#config
  }

  /** Rejects with `INVALID_TOPIC`, or `TIMED_OUT` when nobody knows in time whether the topic was created. */
  register(name: string, config = this.#config): Promise<void> {
    const fault = topicNameFault(name)
    if (fault !== undefined)
      return Promise.reject(new WalrusError('INVALID_TOPIC', `invalid topic: "${name}": ${fault}`))
    if (this.#context.metadata.state.topics.has(name)) return Promise.resolve()
    const creation = this.#creations.get(name) ?? this.#create(name, config).finally(() => this.#creations.delete(name))
    this.#creations.set(name, creation)
    return creation
  }

  async #create(name: string, config: TopicConfig): Promise<void> {
    this.#topics.expect(name)
    try {
      await this.#proposeInTime(name, config)
      this.#context.report('info', 'topic registered', { topic: name })
    } catch (error) {
      const failure = error instanceof WalrusError ? error : new WalrusError('UNAVAILABLE', reasonOf(error), error)
      this.#topics.abandon(name, failure)
      throw failure
    }
  }

  async #proposeInTime(name: string, config: TopicConfig): Promise<void> {
    const { clock, limits, metadata } = this.#context
    const deadlineMs = clock.monotonicMs() + limits.requestTimeoutMs
    for (let attempt = 1; ; attempt += 1) {
      try {
        const proposal = metadata.propose(createTopic(this.#context, name, config))
        const leftMs = Math.max(0, deadlineMs - clock.monotonicMs())
        const result = await within(clock, leftMs, proposal, () => timedOut(name, 'no quorum has answered'))
        if (result.outcome !== 'rejected') return
        throw new WalrusError('INVALID_ARGUMENT', `Cannot register "${name}": ${result.detail}`)
      } catch (error) {
        if (metadata.state.topics.has(name)) return
        if (!isOutcomeUnknown(error)) throw error
        if (clock.monotonicMs() + backoffMs(attempt, limits) >= deadlineMs) throw timedOut(name, error)
        await pause(clock, backoffMs(attempt, limits))
      }
    }
  }
}

function createTopic({ metadata, liveness }: NodeContext, topic: string, config: TopicConfig): MetadataCommand {
  const view = { nodes: metadata.state.nodes, live: liveness.placeable() }
  const placement = placeFirstSegment(view, topic, config.replicationFactor)
  if (placement === undefined)
    throw new WalrusError('UNAVAILABLE', `Cannot register "${topic}": no live voter can lead it`)
  return { kind: 'CreateTopic', topic, config, ...placement }
}

function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof WalrusError && (error.code === 'UNAVAILABLE' || error.code === 'TIMED_OUT')
}

function timedOut(topic: string, cause: unknown): WalrusError {
  return new WalrusError('TIMED_OUT', timedOutMessage(`register of "${topic}": ${reasonOf(cause)}`), cause)
}
