import { formatSegmentKey, lastSegment, reasonOf, type SegmentMetadata, type TopicMetadata } from '@walrus/core'
import type { NodeContext } from '../node-context.js'
import { backoffMs, pause } from '../pause.js'

/**
 * The segments that were open under this node's lead when it started, and have other replicas. It does not know what became
 * of them while it was gone, so it never continues them: it has them fenced, and others recover them.
 */
export class PreviousLife {
  readonly #context: NodeContext
  /** Segment → the epoch under which it was open. */
  readonly #epochs = new Map<string, number>()
  #closed = false

  /** Looks at the metadata as it is now, which must be as new as the cluster's. */
  constructor(context: NodeContext) {
    this.#context = context
    for (const topic of context.metadata.state.topics.values()) {
      const segment = lastSegment(topic)
      if (isContinuable(segment, context.nodeId)) continue
      this.#epochs.set(keyOf(topic, segment), segment.epoch)
    }
  }

  has(topic: TopicMetadata): boolean {
    if (this.#epochs.size === 0) return false
    const segment = lastSegment(topic)
    return this.#epochs.get(keyOf(topic, segment)) === segment.epoch
  }

  /** Has each of them fenced, however long that takes. */
  async fenceAll(): Promise<void> {
    const waiting = [...this.#context.metadata.state.topics.values()].filter((topic) => this.has(topic))
    const workers = Array.from({ length: FENCES_AT_ONCE }, async () => {
      for (let topic = waiting.pop(); topic !== undefined; topic = waiting.pop()) await this.#fence(topic)
    })
    await Promise.all(workers)
  }

  close(): void {
    this.#closed = true
  }

  async #fence(topic: TopicMetadata): Promise<void> {
    const { metadata, clock, limits, report } = this.#context
    const { id: segment, epoch } = lastSegment(topic)
    for (let attempt = 1; !this.#closed; attempt += 1) {
      try {
        await metadata.propose({ kind: 'FenceSegment', topic: topic.name, segment, epoch })
        return
      } catch (error) {
        report('warn', 'cannot fence a segment yet', { topic: topic.name, segment, attempt, reason: reasonOf(error) })
        await pause(clock, backoffMs(attempt, limits))
      }
    }
  }
}

function isContinuable({ state, leader, replicas }: SegmentMetadata, self: number): boolean {
  return state !== 'open' || leader !== self || replicas.length === 1
}

function keyOf(topic: TopicMetadata, { id: segment }: SegmentMetadata): string {
  return formatSegmentKey({ topic: topic.name, segment })
}

const FENCES_AT_ONCE = 64
