import { isTakeMark, WalrusError, type ReadLimits } from '@walrus/core'
import type { ClusterContext } from '../node-context.js'
import type { SegmentReader } from '../reading/segment-reader.js'
import { SharedCursor } from './shared-cursor.js'
import { TakeDoubts } from './take-doubts.js'
import type { TopicGate } from './topic-gate.js'

export interface TopicCursorsOptions {
  readonly context: Pick<ClusterContext, 'clock' | 'limits' | 'trace'> & {
    readonly lease: Pick<ClusterContext['lease'], 'check'>
  }
  readonly topic: string
  readonly gate: TopicGate
  readonly reader: SegmentReader
}

/** Cursors that a topic may have: its state, which every segment begins with, stays small. */
const CURSORS_MAX = 1024

/** The cursors of a topic that were used since this node leads it. */
export class TopicCursors {
  readonly #options: TopicCursorsOptions
  readonly #cursors = new Map<string, SharedCursor>()
  readonly #doubts = new TakeDoubts()

  constructor(options: TopicCursorsOptions) {
    this.#options = options
  }

  /** Throws `UNAVAILABLE` when there are too many, and this is none of those that the topic's state has. */
  open(name: string, stored: ReadonlyMap<string, number> = new Map()): SharedCursor {
    const known = this.#cursors.get(name)
    if (known !== undefined) return known
    const { context, topic, gate, reader } = this.#options
    if (Math.max(this.#cursors.size, userCount(stored)) >= CURSORS_MAX && !stored.has(name)) {
      throw new WalrusError('UNAVAILABLE', `Cannot open cursor "${name}" of "${topic}": it has ${CURSORS_MAX} others`)
    }
    const read = (offset: number, limits: ReadLimits) => reader.read(topic, offset, limits)
    const cursor = new SharedCursor({ context, topic, cursor: name, gate, doubts: this.#doubts, read })
    this.#cursors.set(name, cursor)
    return cursor
  }

  /** See `SharedCursor.tick`. */
  tick(): void {
    for (const cursor of this.#cursors.values()) cursor.tick()
  }

  /** See `SharedCursor.reset`. */
  reset(): void {
    for (const cursor of this.#cursors.values()) cursor.reset()
    this.#doubts.clear()
  }
}

function userCount(stored: ReadonlyMap<string, number>): number {
  let count = 0
  for (const name of stored.keys()) if (!isTakeMark(name)) count += 1
  return count
}
