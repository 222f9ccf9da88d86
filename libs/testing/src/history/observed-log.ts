import type { ReadEvent } from './check-topic.js'

/**
 * What all readers of a topic have seen, together: each offset has one entry for ever, whoever reads it, from whichever node,
 * and however often.
 */
export class ObservedLog {
  readonly #topic: string
  readonly #entries: (string | undefined)[] = []
  readonly #faults: string[] = []

  constructor(topic: string) {
    this.#topic = topic
  }

  /** What readers saw that cannot be, in words. */
  get faults(): readonly string[] {
    return this.#faults
  }

  /** All that was seen, by whomever; without the offsets that nobody saw. */
  get entries(): readonly ReadEvent[] {
    return this.#entries.flatMap((entry, offset) => (entry === undefined ? [] : [{ entry, offset }]))
  }

  /** A reader that reads on from an offset; `name` tells it in faults. */
  reader(name: string, firstOffset = 0): LogReader {
    return new LogReader(firstOffset, (event, expected) => this.#see(name, event, expected))
  }

  #see(reader: string, { entry, offset }: ReadEvent, expected: number): void {
    if (offset !== expected) {
      this.#faults.push(`"${this.#topic}" read by ${reader}: ${offset} came where ${expected} was to come`)
    }
    const known = this.#entries[offset]
    this.#entries[offset] ??= entry
    if (known === undefined || known === entry) return
    this.#faults.push(
      `"${this.#topic}" read by ${reader}: "${entry}" is at ${offset}, where "${known}" was seen before`,
    )
  }
}

/** One reader's way through the log: entry after entry, without gaps. */
export class LogReader {
  readonly #see: (event: ReadEvent, expected: number) => void
  #nextOffset: number

  constructor(firstOffset: number, see: (event: ReadEvent, expected: number) => void) {
    this.#nextOffset = firstOffset
    this.#see = see
  }

  /** Where it has to read on. */
  get nextOffset(): number {
    return this.#nextOffset
  }

  see(event: ReadEvent): void {
    this.#see(event, this.#nextOffset)
    this.#nextOffset = event.offset + 1
  }
}
