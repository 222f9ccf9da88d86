import { noTakeMark, type Take } from '@walrus/core'

/** What a commit says of takes, and what becomes of them with it. */
export interface DoubtfulCommit {
  /** To be committed before the commit's own records. */
  readonly records: readonly (readonly [name: string, value: number])[]
  readonly succeeded: () => void
  readonly failed: () => void
}

/**
 * Takes of other nodes whose commit has failed here, of one topic: it may be in the log for all that, and come to count. Their
 * entries are given to others, so the next commit has to say that those questions were not answered.
 */
export class TakeDoubts {
  readonly #bySlot = new Map<string, Take>()

  /** A commit begins that says what these takes are answered with. */
  begin(takes: readonly Take[]): DoubtfulCommit {
    for (const take of takes) this.#bySlot.delete(slotOf(take))
    const doubtful = [...this.#bySlot.values()]
    return {
      records: doubtful.flatMap(noTakeMark),
      succeeded: () => {
        for (const take of doubtful) if (this.#bySlot.get(slotOf(take)) === take) this.#bySlot.delete(slotOf(take))
      },
      failed: () => {
        for (const take of takes) this.#bySlot.set(slotOf(take), take)
      },
    }
  }

  /** Another node leads: its log says what counts. */
  clear(): void {
    this.#bySlot.clear()
  }
}

function slotOf({ node, slot }: Take): string {
  return `${node}-${slot}`
}
