import { violated } from '../core/invariant.js'
import { type LogIndex, type NodeId } from '../core/types.js'

/** A write or read that a client waits for. */
interface Operation {
  readonly node: NodeId
  /** The highest place in the log that any operation had taken when this one began. */
  readonly floor: LogIndex
}

/**
 * What the clients saw, checked for linearizability while it happens: the log is the order of the operations, a write takes
 * its own place and a read the last place that it saw. What begins after another one has ended must take a later place
 * (a read: no earlier one).
 */
export class History {
  readonly #writes = new Map<number, Operation>()
  readonly #reads = new Map<number, Operation>()
  #floor: LogIndex = 0
  #nextOperation = 1
  completedWrites = 0
  completedReads = 0

  beginWrite(node: NodeId): number {
    const operation = this.#nextOperation++
    this.#writes.set(operation, { node, floor: this.#floor })
    return operation
  }

  beginRead(node: NodeId): number {
    const operation = this.#nextOperation++
    this.#reads.set(operation, { node, floor: this.#floor })
    return operation
  }

  /** The node that a client asked applied its write: the client hears of it. */
  applied(node: NodeId, operation: number, index: LogIndex): void {
    const write = this.#writes.get(operation)
    if (write?.node !== node) return
    if (index <= write.floor) violated(`write ${operation} took place ${index}, an earlier one had ${write.floor}`)
    this.#writes.delete(operation)
    this.#floor = Math.max(this.#floor, index)
    this.completedWrites++
  }

  /** The node that a client asked serves its read from the state after `applied`; it waited for `index`. */
  served(node: NodeId, operation: number, index: LogIndex, applied: LogIndex): void {
    const read = this.#reads.get(operation)
    if (read?.node !== node) return
    if (index < read.floor) violated(`read ${operation} saw ${index}, but ${read.floor} was there before it began`)
    this.#reads.delete(operation)
    this.#floor = Math.max(this.#floor, applied)
    this.completedReads++
  }

  /** The clients of a node that crashed never hear of what they asked. */
  forget(node: NodeId): void {
    for (const operations of [this.#writes, this.#reads]) {
      for (const [operation, { node: asked }] of operations) if (asked === node) operations.delete(operation)
    }
  }
}
