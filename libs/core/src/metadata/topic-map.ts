import { hashText } from '../text-hash.js'
import type { TopicMetadata } from './model.js'

/**
 * Topics by name, immutable: `with` and `without` give a new map that shares all but a few small pieces with this one, so
 * that a change among 20,000 topics costs microseconds and whoever reads the old map never sees it.
 *
 * Two levels of branches, chosen by the name's hash, lead to small buckets; a change copies one of each.
 * Iteration is in no particular order.
 */
export class TopicMap implements ReadonlyMap<string, TopicMetadata> {
  static readonly empty = new TopicMap([], 0)

  readonly size: number
  readonly #branches: Branches

  private constructor(branches: Branches, size: number) {
    this.#branches = branches
    this.size = size
  }

  /** The same topics as a map of this kind: itself if it is one. */
  static from(topics: ReadonlyMap<string, TopicMetadata>): TopicMap {
    if (topics instanceof TopicMap) return topics
    return [...topics.values()].reduce((map, topic) => map.with(topic), TopicMap.empty)
  }

  /** This map with the topic added, or in place of the one of its name. */
  with(topic: TopicMetadata): TopicMap {
    const place = placeOf(topic.name)
    const bucket = new Map(this.#bucket(place)).set(topic.name, topic)
    return new TopicMap(replaceBucket(this.#branches, place, bucket), this.size + (this.has(topic.name) ? 0 : 1))
  }

  /** This map without the topic of that name. */
  without(name: string): TopicMap {
    if (!this.has(name)) return this
    const place = placeOf(name)
    const bucket = new Map(this.#bucket(place))
    bucket.delete(name)
    return new TopicMap(replaceBucket(this.#branches, place, bucket), this.size - 1)
  }

  get(name: string): TopicMetadata | undefined {
    return this.#bucket(placeOf(name))?.get(name)
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  *entries(): Generator<[string, TopicMetadata], undefined> {
    for (const branch of this.#branches) {
      for (const bucket of branch ?? []) yield* bucket?.entries() ?? []
    }
  }

  *keys(): Generator<string, undefined> {
    for (const [name] of this.entries()) yield name
  }

  *values(): Generator<TopicMetadata, undefined> {
    for (const [, topic] of this.entries()) yield topic
  }

  forEach(callback: (topic: TopicMetadata, name: string, map: ReadonlyMap<string, TopicMetadata>) => void): void {
    for (const [name, topic] of this.entries()) callback(topic, name, this)
  }

  [Symbol.iterator](): Generator<[string, TopicMetadata], undefined> {
    return this.entries()
  }

  #bucket(place: Place): Bucket | undefined {
    return this.#branches[place.branch]?.[place.bucket]
  }
}

type Bucket = ReadonlyMap<string, TopicMetadata>
type Branch = readonly (Bucket | undefined)[]
type Branches = readonly (Branch | undefined)[]

interface Place {
  readonly branch: number
  readonly bucket: number
}

/** 64 × 64 buckets: five topics in each of them at 20,000 topics. */
const FAN_OUT_BITS = 6
const FAN_OUT_MASK = (1 << FAN_OUT_BITS) - 1

function placeOf(name: string): Place {
  const hash = hashText(name)
  return { branch: hash & FAN_OUT_MASK, bucket: (hash >>> FAN_OUT_BITS) & FAN_OUT_MASK }
}

function replaceBucket(branches: Branches, place: Place, bucket: Bucket): Branches {
  const branch = replaceAt(branches[place.branch] ?? [], place.bucket, bucket)
  return replaceAt(branches, place.branch, branch)
}

function replaceAt<Item>(items: readonly Item[], index: number, item: Item): readonly Item[] {
  const copy = items.slice()
  copy[index] = item
  return copy
}
