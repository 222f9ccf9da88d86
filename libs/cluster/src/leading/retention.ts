import {
  decideTrim,
  formatSegmentKey,
  lastSegment,
  reasonOf,
  segmentById,
  type SealedSize,
  type SegmentKey,
  type SegmentMetadata,
  type TopicMetadata,
} from '@walrus/core'
import type { NodeContext } from '../node-context.js'
import { storedCopy } from '../stored-copy.js'

/** Size and age of a sealed segment on a node that has a copy; undefined when none says. */
export type AskSize = (key: SegmentKey, segment: SegmentMetadata) => Promise<SealedSize | undefined>

/** Drops the sealed segments of topics that are too old or too many; on the node that leads the open one. */
export class Retention {
  readonly #context: NodeContext
  readonly #ask: AskSize
  /** Sealed is immutable, so what was told once is true for as long as the segment is there. */
  readonly #sizes = new Map<string, SealedSize>()
  readonly #underWay = new Set<string>()

  constructor(context: NodeContext, ask: AskSize) {
    this.#context = context
    this.#ask = ask
  }

  /** Never rejects. What cannot be told or decided now waits for the next call. */
  async check(topic: TopicMetadata, openBytes: number): Promise<void> {
    const { retentionMs, retentionBytes } = topic.config
    if (topic.segments.length < 2 || (retentionMs === 0 && retentionBytes === 0)) return
    if (this.#underWay.has(topic.name)) return
    this.#underWay.add(topic.name)
    try {
      await this.#trim(topic, openBytes)
    } catch (error) {
      this.#context.report('warn', 'cannot trim a topic yet', { topic: topic.name, reason: reasonOf(error) })
    } finally {
      this.#underWay.delete(topic.name)
    }
  }

  async #trim(topic: TopicMetadata, openBytes: number): Promise<void> {
    const { metadata, clock, report } = this.#context
    const { sealed, unknownBytes } = await this.#sealed(topic)
    const upToSegment = decideTrim(sealed, openBytes + unknownBytes, topic.config, clock.wallMs())
    const segment = upToSegment === undefined ? undefined : segmentById(topic, upToSegment)
    if (segment === undefined) return
    await metadata.propose({ kind: 'TrimTopic', topic: topic.name, upToSegment: segment.id, epoch: segment.epoch })
    for (const { segment: id } of sealed) {
      if (id <= segment.id) this.#sizes.delete(formatSegmentKey({ topic: topic.name, segment: id }))
    }
    report('info', 'topic trimmed', { topic: topic.name, upToSegment: segment.id })
  }

  /** From the oldest on, up to the first whose size nobody tells; what is known of those behind it counts as newer. */
  async #sealed(topic: TopicMetadata): Promise<{ readonly sealed: SealedSize[]; readonly unknownBytes: number }> {
    const sealed: SealedSize[] = []
    let unknownBytes = 0
    let isKnown = true
    for (const segment of topic.segments.filter((one) => one.id !== lastSegment(topic).id)) {
      const size = await this.#size({ topic: topic.name, segment: segment.id }, segment)
      isKnown &&= size !== undefined
      if (size !== undefined && isKnown) sealed.push(size)
      else unknownBytes += size?.sizeBytes ?? 0
    }
    return { sealed, unknownBytes }
  }

  async #size(key: SegmentKey, segment: SegmentMetadata): Promise<SealedSize | undefined> {
    const name = formatSegmentKey(key)
    const known = this.#sizes.get(name) ?? sizeHere(this.#context, key, segment) ?? (await this.#ask(key, segment))
    if (known !== undefined) this.#sizes.set(name, known)
    return known
  }
}

/** Of this node's copy, if it is whole. */
export function sizeHere(
  { storage }: Pick<NodeContext, 'storage'>,
  key: SegmentKey,
  segment: SegmentMetadata,
): SealedSize | undefined {
  if (segment.entryCount === 0) return { segment: segment.id, sizeBytes: 0, lastAppendMs: 0 }
  const log = storedCopy(storage, key, segment)
  if (log?.entryCount !== segment.entryCount) return undefined
  return { segment: segment.id, sizeBytes: log.sizeBytes, lastAppendMs: log.lastAppendMs }
}
