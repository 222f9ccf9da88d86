import { type Message } from './message.js'
import { jointIndex, type Voters } from './quorum.js'
import { type LogIndex, type NodeId } from './types.js'

/** A read that waits until a quorum confirms that this node still led after the read had arrived. */
export interface WaitingRead {
  readonly request: Message
  /** The commit index when the read arrived. */
  readonly index: LogIndex
}

/**
 * Reads of one leadership, in order of arrival, counted from 1 (ReadIndex, thesis, section 6.4). A heartbeat carries the
 * number of the newest read; its answer confirms all reads up to there. So the caller's own marks are never compared, and
 * delayed or doubled answers cannot confirm a read that came after them (etcd#20418).
 */
export class ReadQueue {
  #waiting: WaitingRead[] = []
  #confirmedCount = 0
  readonly #acknowledged = new Map<NodeId, number>()

  add(read: WaitingRead): void {
    this.#waiting.push(read)
  }

  /** What heartbeats shall carry so that their answers confirm every read that waits; 0 when none does. */
  get heartbeatContext(): number {
    return this.#waiting.length === 0 ? 0 : this.#confirmedCount + this.#waiting.length
  }

  /** `id` answered a heartbeat that carried `context`. */
  acknowledge(id: NodeId, context: number): void {
    if (context > (this.#acknowledged.get(id) ?? 0)) this.#acknowledged.set(id, context)
  }

  /** Takes out the reads that a quorum of `voters` has confirmed. */
  takeConfirmed(voters: Voters): readonly WaitingRead[] {
    const confirmed = jointIndex(voters, (id) => this.#acknowledged.get(id) ?? 0)
    const count = Math.min(confirmed - this.#confirmedCount, this.#waiting.length)
    if (count <= 0) return []
    this.#confirmedCount += count
    return this.#waiting.splice(0, count)
  }
}
