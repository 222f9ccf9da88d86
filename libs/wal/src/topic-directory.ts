import { topicNameFault, WalrusError, type Clock, type LogStorage, type SegmentLog } from '@walrus/core'
import { Topic } from './topic.js'
import type { ResolvedOptions } from './walrus-options.js'

/** The topics of an instance, by name. */
export class TopicDirectory {
  readonly #storage: LogStorage
  readonly #clock: Clock
  readonly #options: ResolvedOptions
  readonly #topics = new Map<string, Topic>()
  readonly #deletions = new Map<string, Promise<void>>()
  /** Topics whose deletion has failed: something of them is still on disk. */
  readonly #undeleted = new Map<string, Topic>()

  constructor(storage: LogStorage, clock: Clock, options: ResolvedOptions) {
    this.#storage = storage
    this.#clock = clock
    this.#options = options
    for (const [name, segments] of byTopic(storage.segments())) this.#add(name, segments)
  }

  get(name: string): Topic | undefined {
    return this.#topics.get(name)
  }

  /** The topic, new if need be. Throws `INVALID_TOPIC`, and `UNAVAILABLE` while one of that name is being deleted. */
  getOrCreate(name: string): Topic {
    const known = this.#topics.get(name)
    if (known) return known
    const fault = topicNameFault(name)
    if (fault !== undefined) throw new WalrusError('INVALID_TOPIC', `Cannot create topic "${name}": ${fault}`)
    if (this.#deletions.has(name))
      throw new WalrusError('UNAVAILABLE', `Cannot create topic "${name}": one of that name is being deleted`)
    if (this.#undeleted.has(name))
      throw new WalrusError('UNAVAILABLE', `Cannot create topic "${name}": one of that name could not be deleted`)
    return this.#add(name, [])
  }

  isDeleting(name: string): boolean {
    return this.#deletions.has(name)
  }

  /** Resolves when no topic of that name is being deleted. */
  async whenDeleted(name: string): Promise<void> {
    await this.#deletions.get(name)?.catch(() => undefined)
  }

  /** Forgets the topic at once; resolves when it is gone from disk. An unknown one is fine, and one whose deletion has failed. */
  async delete(name: string): Promise<void> {
    const topic = this.#topics.get(name) ?? this.#undeleted.get(name)
    if (topic && !this.#deletions.has(name)) {
      this.#topics.delete(name)
      const deletion = this.#remove(name, topic).finally(() => this.#deletions.delete(name))
      this.#deletions.set(name, deletion)
    }
    await this.#deletions.get(name)
  }

  /** Of topics that were written to, ascending: one whose first append failed, or that was only looked at, is none. */
  names(): string[] {
    return [...this.#topics.values()]
      .filter((topic) => !topic.isUnwritten)
      .map(({ name }) => name)
      .sort()
  }

  all(): Iterable<Topic> {
    return this.#topics.values()
  }

  async drain(): Promise<void> {
    await Promise.all([...this.#topics.values()].map((topic) => topic.drain()))
    await Promise.allSettled(this.#deletions.values())
  }

  async #remove(name: string, topic: Topic): Promise<void> {
    this.#undeleted.set(name, topic)
    await topic.remove()
    this.#undeleted.delete(name)
  }

  #add(name: string, segments: readonly SegmentLog[]): Topic {
    const { segmentBytesMax, retentionOf, onProblem } = this.#options
    const options = { storage: this.#storage, clock: this.#clock, segmentBytesMax, onProblem }
    const topic = new Topic(name, segments, { ...options, retention: retentionOf(name) })
    this.#topics.set(name, topic)
    return topic
  }
}

function byTopic(segments: Iterable<SegmentLog>): Map<string, SegmentLog[]> {
  const topics = new Map<string, SegmentLog[]>()
  for (const segment of segments) {
    const known = topics.get(segment.topic)
    if (known) known.push(segment)
    else topics.set(segment.topic, [segment])
  }
  return topics
}
