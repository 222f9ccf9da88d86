import { recordProducer, type TopicState } from '@walrus/core'
import type { ControlRecord } from '@walrus/protocol'

/** The state of a topic as its control records build it, one after the other. */
export class MutableTopicState implements TopicState {
  readonly cursors: Map<string, number>
  /** In the order in which they last appended. */
  readonly producers: Map<number, number>

  constructor(start?: TopicState) {
    this.cursors = new Map(start?.cursors)
    this.producers = new Map(start?.producers)
  }

  get isEmpty(): boolean {
    return this.cursors.size === 0 && this.producers.size === 0
  }

  /** Becomes as another one is. */
  become(other: TopicState): void {
    this.apply({ kind: 'snapshot' })
    for (const [name, offset] of other.cursors) this.cursors.set(name, offset)
    for (const [id, lastSequence] of other.producers) this.producers.set(id, lastSequence)
  }

  apply(record: ControlRecord): void {
    switch (record.kind) {
      case 'cursor':
        this.cursors.set(record.name, record.offset)
        break
      case 'producer':
        recordProducer(this.producers, record.id, record.lastSequence)
        break
      case 'snapshot':
        this.cursors.clear()
        this.producers.clear()
    }
  }
}
