import {
  WalrusError,
  type ClusterMetadata,
  type CommitTicket,
  type MetadataCommand,
  type TopicMetadata,
} from '@walrus/core'
import { unknownTopicMessage } from '@walrus/protocol'
import { LedTopic } from './led-topic.js'
import type { NodeContext } from './node-context.js'

/** The topics that a node leads, kept as metadata says. */
export class LedTopics {
  readonly #context: NodeContext
  readonly #topics = new Map<string, LedTopic>()
  readonly #unsubscribe: () => void

  /** Adopts every topic of the metadata, and from then on each change. */
  constructor(context: NodeContext) {
    this.#context = context
    for (const topic of context.metadata.state.topics.values()) this.#adopt(topic)
    this.#unsubscribe = context.metadata.subscribe((command, state) => this.#follow(command, state))
  }

  /** Throws `UNKNOWN_TOPIC`, and what `TopicGate.append` throws. */
  append(topic: string, entry: Uint8Array): CommitTicket {
    return this.get(topic).append(entry)
  }

  /** Throws `UNKNOWN_TOPIC`. */
  get(name: string): LedTopic {
    const topic = this.#topics.get(name)
    if (topic === undefined) throw new WalrusError('UNKNOWN_TOPIC', unknownTopicMessage(name))
    return topic
  }

  find(name: string): LedTopic | undefined {
    return this.#topics.get(name)
  }

  /** A topic that is not in the metadata yet: what is asked of it waits until it is, or until `abandon`. */
  expect(name: string): void {
    if (!this.#topics.has(name)) this.#topics.set(name, new LedTopic(this.#context, name))
  }

  /** The expected topic does not come: what waits for it fails with `error`. */
  abandon(name: string, error: WalrusError): void {
    this.#topics.get(name)?.fail(error)
    this.#topics.delete(name)
  }

  tick(): void {
    for (const topic of this.#topics.values()) topic.tick()
  }

  /** Resolves when no rollover is under way. */
  async settled(): Promise<void> {
    for (const topic of this.#topics.values()) await topic.settled()
  }

  /** Follows metadata no longer; each call fails with `error` from now on. */
  close(error: WalrusError): void {
    this.#unsubscribe()
    for (const topic of this.#topics.values()) topic.fail(error)
  }

  #follow(command: MetadataCommand, state: ClusterMetadata): void {
    if (!('topic' in command)) return
    const topic = state.topics.get(command.topic)
    if (topic !== undefined) this.#adopt(topic)
    else this.abandon(command.topic, new WalrusError('UNKNOWN_TOPIC', unknownTopicMessage(command.topic)))
  }

  #adopt(topic: TopicMetadata): void {
    this.expect(topic.name)
    this.get(topic.name).adopt(topic)
  }
}
