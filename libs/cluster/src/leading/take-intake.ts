import { takenRange, type StoredEntry, type Take, type TakenRange } from '@walrus/core'
import type { SharedCursor } from './shared-cursor.js'
import type { TopicGate } from './topic-gate.js'

/** Entries that a node asks for, for its clients, as often as it has to. */
export interface NumberedTake extends Take {
  readonly cursor: string
  /** From 1. */
  readonly countMax: number
  /** Payload bytes; a single entry may have more. */
  readonly bytesMax: number
}

export interface TakeIntakeOptions {
  readonly gate: TopicGate
  /** Throws `NOT_LEADER` unless the segment is led here. */
  readonly cursor: (name: string) => SharedCursor
  /** Committed entries of the topic at these offsets, as far as they still are there. */
  readonly read: (range: TakenRange) => Promise<readonly StoredEntry[]>
}

/** What one look at the open segment has begun. */
interface Begun {
  readonly entries: Promise<readonly StoredEntry[]>
}

/**
 * Answers what other nodes take at the cursors of a topic, once, however often they ask: what a question was answered with is
 * in the topic's state, committed with the cursor.
 */
export class TakeIntake {
  readonly #options: TakeIntakeOptions
  readonly #underWay = new Map<string, { readonly number: number; readonly entries: Promise<readonly StoredEntry[]> }>()

  constructor(options: TakeIntakeOptions) {
    this.#options = options
  }

  /** As `SharedCursor.take`; rejects with `NOT_LEADER` when nothing was taken. */
  take(take: NumberedTake): Promise<readonly StoredEntry[]> {
    const slot = `${take.node}-${take.slot}`
    const known = this.#underWay.get(slot)
    if (known?.number === take.number) return known.entries
    const entries = this.#takeOnce(take).finally(() => {
      if (this.#underWay.get(slot)?.number === take.number) this.#underWay.delete(slot)
    })
    this.#underWay.set(slot, { number: take.number, entries })
    return entries
  }

  async #takeOnce(take: NumberedTake): Promise<readonly StoredEntry[]> {
    const { gate, cursor, read } = this.#options
    const { entries } = await gate.whenOpen(({ topicState }): Begun => {
      const taken = takenRange(topicState.cursors, take)
      return { entries: taken ? read(taken) : cursor(take.cursor).take(take.countMax, take.bytesMax, take) }
    })
    return await entries
  }
}
