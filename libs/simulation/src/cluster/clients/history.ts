import type { PutEvent, ReadEvent } from '@walrus/testing'

type Outcome = PutEvent['outcome']

/** What clients did to one topic, and what they were told. */
export class TopicHistory {
  readonly topic: string
  /** What was read by offset while things failed. */
  readonly reads: ReadEvent[] = []
  /** What the shared cursor gave out. */
  readonly delivered: string[] = []
  /** Entries that the cursor may have passed in answers that were lost. */
  lostDeliveriesMax = 0
  readonly #puts = new Map<string, PutEvent>()

  constructor(topic: string) {
    this.topic = topic
  }

  get puts(): readonly PutEvent[] {
    return [...this.#puts.values()]
  }

  get ackedCount(): number {
    return this.puts.filter(({ outcome }) => outcome === 'acked').length
  }

  /** Until more is known of it, its outcome is not. */
  sent(entry: string, writer: string, sequence: number): void {
    this.#puts.set(entry, { entry, writer, sequence, outcome: 'unknown' })
  }

  settled(entry: string, outcome: Outcome, offset?: number): void {
    const put = this.#puts.get(entry)
    if (put === undefined) throw new Error(`"${entry}" was not sent`)
    this.#puts.set(entry, { ...put, outcome, ...(offset !== undefined && { offset }) })
  }
}
