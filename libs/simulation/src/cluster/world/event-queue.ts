/** Something that is to happen. */
export interface QueuedEvent {
  readonly timeMs: number
  /** Ties are broken by it: what was queued first happens first. */
  readonly order: number
  readonly task: () => void
}

/** Events by time: a binary heap. */
export class EventQueue {
  readonly #heap: QueuedEvent[] = []

  get next(): QueuedEvent | undefined {
    return this.#heap[0]
  }

  add(event: QueuedEvent): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, event)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  take(): QueuedEvent | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (last !== undefined && last !== first) this.#sink(last)
    return first
  }

  #sink(event: QueuedEvent): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      if (left === undefined) break
      const goesRight = right !== undefined && isBefore(right, left)
      const child = goesRight ? right : left
      if (isBefore(event, child)) break
      heap[at] = child
      at = 2 * at + (goesRight ? 2 : 1)
    }
    heap[at] = event
  }
}

function isBefore(one: QueuedEvent, other: QueuedEvent): boolean {
  return one.timeMs < other.timeMs || (one.timeMs === other.timeMs && one.order < other.order)
}
