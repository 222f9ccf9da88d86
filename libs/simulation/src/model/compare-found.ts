import type { ReadConsistency } from '@walrus/wal'
import { TopicModel, type Observation } from './topic-model.js'
import { expectPromise } from './violation.js'

/** A topic as the engine shows it after it was opened. */
export interface FoundTopic {
  readonly startOffset: number
  readonly endOffset: number
  /** From the start to the end. */
  readonly entries: readonly Observation[]
  /** Positions of the cursors that move when they are told to. */
  readonly cursors: (name: string) => number | undefined
  /** Of the cursor that moves when it is read from; undefined where there is none. */
  readonly delivery: FoundDelivery | undefined
}

export interface FoundDelivery {
  readonly position: number
  /** Offset of the entry that it shows; undefined at the end. */
  readonly nextOffset: number | undefined
}

/**
 * Compares a topic with its model, which then says what stands now. One that was being removed may be gone: it begins anew.
 * @param isListed whether the engine names it among its topics
 */
export function compareFound(
  model: TopicModel,
  found: FoundTopic,
  { isListed, consistency }: { readonly isListed: boolean; readonly consistency: ReadConsistency },
): TopicModel {
  const { startOffset, endOffset, entries } = found
  const topic = model.shrinking && !isListed ? new TopicModel(model.name, consistency) : model
  if (topic.shrinking) topic.trimmed(startOffset)
  topic.shrinking = false
  topic.recovered(entries)
  expectPromise(topic.startOffset === startOffset && topic.endOffset === endOffset, () => {
    const held = `${entries.length} entries from ${topic.startOffset}`
    return `topic ${topic.name} says that it goes from ${startOffset} to ${endOffset}, it has ${held}`
  })
  for (const [name, cursor] of topic.cursors) cursor.recovered(name, found.cursors(name), startOffset)
  if (found.delivery) compareDelivery(topic, found.delivery)
  return topic
}

function compareDelivery(topic: TopicModel, { position, nextOffset }: FoundDelivery): void {
  topic.delivery.recovered(position, topic.startOffset)
  expectPromise((nextOffset ?? topic.endOffset) === position, () => {
    return `the cursor of ${topic.name} shows offset ${nextOffset}, it says that it stands at ${position}`
  })
}
