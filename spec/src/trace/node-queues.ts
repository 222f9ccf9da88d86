import { TraceFileError, type TracedLine } from './trace-file.js'

/** The events that were read of one node, and not replayed. */
export interface NodeQueue {
  /** The next one; undefined at the end. */
  head(): TracedLine | undefined
  shift(): void
}

/** Sorts the lines of several traces by node. A trace may have several nodes, and a node is in one trace. */
export class NodeQueues {
  readonly #queues = new Map<number, LazyQueue>()
  #known = 0

  constructor(traces: readonly Iterable<TracedLine>[]) {
    for (const trace of traces) this.#readOne(trace[Symbol.iterator]())
  }

  all(): readonly NodeQueue[] {
    this.#known = this.#queues.size
    return [...this.#queues.values()]
  }

  /** Nodes have turned up since `all` was called. */
  hasGrown(): boolean {
    return this.#queues.size > this.#known
  }

  /** False at the end of the trace. Throws `TraceFileError`. */
  readonly #readOne = (source: Iterator<TracedLine>): boolean => {
    const next = source.next()
    if (next.done === true) return false
    const { event, place } = next.value
    let queue = this.#queues.get(event.node)
    if (queue === undefined) this.#queues.set(event.node, (queue = new LazyQueue(source, this.#readOne)))
    if (queue.source !== source) throw new TraceFileError(`${place}: node ${event.node} is in another trace, too`)
    queue.push(next.value)
    return true
  }
}

class LazyQueue implements NodeQueue {
  readonly source: Iterator<TracedLine>
  readonly #readOne: (source: Iterator<TracedLine>) => boolean
  #lines: TracedLine[] = []
  #at = 0

  constructor(source: Iterator<TracedLine>, readOne: (source: Iterator<TracedLine>) => boolean) {
    this.source = source
    this.#readOne = readOne
  }

  push(line: TracedLine): void {
    this.#lines.push(line)
  }

  head(): TracedLine | undefined {
    if (this.#at === this.#lines.length) {
      this.#lines = []
      this.#at = 0
    }
    while (this.#lines.length === 0 && this.#readOne(this.source));
    return this.#lines[this.#at]
  }

  shift(): void {
    this.#at += 1
  }
}
