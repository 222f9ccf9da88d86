import type { Clock, Timer } from '@walrus/core'
import type { WorldTime } from './world-time.js'

export interface ProcessOptions {
  readonly time: WorldTime
  /** How fast its clock goes: 1.02 gains two hundredths. */
  readonly clockRate: number
}

/** One life of a program: all that it does is begun by `run`. Its clock goes on while it is paused, and it is late then. */
export class SimulatedProcess implements Clock {
  readonly #time: WorldTime
  readonly #clockRate: number
  #isAlive = true
  #waiting: (() => void)[] | undefined
  #wallMs = Date.UTC(2026, 0, 1)

  constructor({ time, clockRate }: ProcessOptions) {
    this.#time = time
    this.#clockRate = clockRate
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get isPaused(): boolean {
    return this.#waiting !== undefined
  }

  /** Now, later, or never: as the process runs, is paused, or is dead. */
  run(task: () => void): void {
    if (!this.#isAlive) return
    if (this.#waiting === undefined) task()
    else this.#waiting.push(task)
  }

  pause(): void {
    this.#waiting ??= []
  }

  /** Whatever came meanwhile is there now. */
  resume(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const task of waiting) this.#time.after(0, () => this.run(task))
  }

  die(): void {
    this.#isAlive = false
    this.#waiting = undefined
  }

  jumpWall(milliseconds: number): void {
    this.#wallMs += milliseconds
  }

  wallMs(): number {
    return this.#wallMs + Math.floor(this.monotonicMs())
  }

  monotonicMs(): number {
    return this.#time.nowMs * this.#clockRate
  }

  defer(task: () => void): void {
    this.#time.after(0, () => this.run(task))
  }

  after(milliseconds: number, task: () => void): Timer {
    let cancelled = false
    const timer = this.#time.after(milliseconds / this.#clockRate, () => this.run(() => cancelled || task()))
    return {
      cancel: () => {
        cancelled = true
        timer.cancel()
      },
    }
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.after(milliseconds, resolve))
  }
}
