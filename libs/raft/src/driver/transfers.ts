import { RaftError } from '../core/errors.js'
import { noNode, type NodeId } from '../core/types.js'

interface Wish {
  readonly target: NodeId
  readonly resolve: () => void
  readonly reject: (error: RaftError) => void
  readonly deadlineTick: number
}

/** Everybody who waits until a certain member leads. */
export class Transfers {
  #wishes: Wish[] = []

  add(target: NodeId, deadlineTick: number): Promise<void> {
    return new Promise((resolve, reject) => this.#wishes.push({ target, resolve, reject, deadlineTick }))
  }

  /** This node knows of `leader`. */
  leaderIs(leader: NodeId): void {
    if (leader === noNode) return
    this.#end(
      ({ target }) => target === leader,
      ({ resolve }) => resolve(),
    )
  }

  expire(tick: number): void {
    this.#end(
      ({ deadlineTick }) => deadlineTick <= tick,
      ({ target, reject }) => {
        reject(
          new RaftError('RAFT_TIMED_OUT', `Cannot hand leadership to node ${target}: it did not take over in time`),
        )
      },
    )
  }

  failAll(error: RaftError): void {
    this.#end(
      () => true,
      ({ reject }) => reject(error),
    )
  }

  #end(ends: (wish: Wish) => boolean, how: (wish: Wish) => void): void {
    const ended = this.#wishes.filter(ends)
    if (ended.length === 0) return
    this.#wishes = this.#wishes.filter((wish) => !ends(wish))
    for (const wish of ended) how(wish)
  }
}
