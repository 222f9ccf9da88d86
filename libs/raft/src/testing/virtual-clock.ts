import { type RaftClock, type RaftTimer } from '../ports/clock.js'

interface Waiting {
  readonly owner: number
  readonly deadlineMs: number
  readonly task: () => void
}

/** Time that moves only when a test says so, shared by nodes that may die: what a dead one waits for never comes. */
export class VirtualClock {
  #nowMs = 0
  #lastOwner = 0
  #deferred: Waiting[] = []
  readonly #timers = new Set<Waiting>()
  readonly #dead = new Set<number>()

  /** A clock for one life of one node, and the way to end that life. */
  life(): { readonly clock: RaftClock; readonly kill: () => void } {
    const owner = ++this.#lastOwner
    const clock: RaftClock = {
      defer: (task) => void this.#deferred.push({ owner, deadlineMs: 0, task }),
      after: (milliseconds, task) => this.#after({ owner, deadlineMs: this.#nowMs + milliseconds, task }),
    }
    return { clock, kill: () => void this.#dead.add(owner) }
  }

  /** Runs what is deferred now. False: nothing was. */
  runDeferred(): boolean {
    const tasks = this.#deferred
    this.#deferred = []
    for (const { owner, task } of tasks) if (!this.#dead.has(owner)) task()
    return tasks.length > 0
  }

  /** Moves time on and runs the timers that are due, in the order of their deadlines. */
  advance(milliseconds: number): void {
    this.#nowMs += milliseconds
    const due = [...this.#timers].filter(({ deadlineMs }) => deadlineMs <= this.#nowMs)
    due.sort((left, right) => left.deadlineMs - right.deadlineMs)
    for (const timer of due) {
      if (this.#timers.delete(timer) && !this.#dead.has(timer.owner)) timer.task()
    }
  }

  #after(timer: Waiting): RaftTimer {
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }
}

/** Lets everything go on that waits for promises that are settled by now. */
export async function settlePromises(): Promise<void> {
  for (let hop = 0; hop < 12; hop++) await Promise.resolve()
}
