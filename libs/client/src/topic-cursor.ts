import type { BinaryRequestOf, EntriesReply, MoveCursorReply } from '@walrus/protocol'
import { entriesOf, readBounds, type Entries, type ReadOptions } from './reads.js'

/** What a cursor asks the broker. */
export interface CursorCalls {
  next(request: BinaryRequestOf<'next'>): Promise<EntriesReply>
  moveCursor(request: BinaryRequestOf<'moveCursor'>): Promise<MoveCursorReply>
}

/** A named position in a topic, which the cluster keeps. Any number of readers may share one: each entry goes to one of them. */
export class TopicCursor {
  readonly topic: string
  readonly name: string
  readonly #calls: CursorCalls

  constructor(topic: string, name: string, calls: CursorCalls) {
    this.topic = topic
    this.name = name
    this.#calls = calls
  }

  /**
   * Takes the next entries: the cursor has durably passed them when this resolves, so nobody gets them again. Without any: the
   * cursor is at the end.
   */
  async next(options: ReadOptions = {}): Promise<Entries> {
    const { topic, name: cursor } = this
    return entriesOf(await this.#calls.next({ command: 'next', topic, cursor, ...readBounds(options) }))
  }

  /**
   * Says that everything before `offset` is done with; never goes back. For readers that `fetch`, work, and commit then: what
   * they did not commit they get again. Resolves with where the cursor is, durably.
   */
  commit(offset: number): Promise<number> {
    return this.#move('commit', offset)
  }

  /** Moves the cursor anywhere, also back. Resolves with where it is, durably. */
  seek(offset: number): Promise<number> {
    return this.#move('seek', offset)
  }

  /** Where the cursor is. */
  position(): Promise<number> {
    return this.#move('commit', 0)
  }

  async #move(move: 'seek' | 'commit', offset: number): Promise<number> {
    const { topic, name: cursor } = this
    const reply = await this.#calls.moveCursor({ command: 'moveCursor', topic, cursor, move, offset })
    return reply.offset
  }
}
