import type { Clock, Timer } from '@walrus/core'

/** How a `ManualClock` begins. */
export interface ManualClockOptions {
  /** What `wallMs` says at first; 2026-01-01 UTC unless told. */
  readonly wallMs?: number
  /** When true, deferred tasks run by themselves (`setImmediate`); timers still wait for `advance`. False unless told. */
  readonly autoDefer?: boolean
}

interface WaitingTimer {
  readonly deadlineMs: number
  readonly task: () => void
}

/**
 * Time that moves only when a test says so. Deferred tasks wait for `runDeferred`, timers for `advance`.
 * `monotonicMs` begins at 0.
 */
export class ManualClock implements Clock {
  readonly #autoDefer: boolean
  #wallMs: number
  #monotonicMs = 0
  #deferred: (() => void)[] = []
  readonly #timers = new Set<WaitingTimer>()

  constructor(options: ManualClockOptions = {}) {
    this.#wallMs = options.wallMs ?? Date.UTC(2026, 0, 1)
    this.#autoDefer = options.autoDefer ?? false
  }

  /** Deferred tasks that have not run. */
  get deferredCount(): number {
    return this.#deferred.length
  }

  /** Timers that have neither fired nor been cancelled. */
  get timerCount(): number {
    return this.#timers.size
  }

  wallMs(): number {
    return this.#wallMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  defer(task: () => void): void {
    if (this.#autoDefer) setImmediate(task)
    else this.#deferred.push(task)
  }

  after(milliseconds: number, task: () => void): Timer {
    const timer = { deadlineMs: this.#monotonicMs + Math.max(0, milliseconds), task }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  /** Runs the tasks that are deferred now, in order; what they defer waits for the next call. Returns how many ran. */
  runDeferred(): number {
    const tasks = this.#deferred
    this.#deferred = []
    for (const task of tasks) task()
    return tasks.length
  }

  /** Moves time on, stopping at each deadline on the way to run its timer; ties run in the order they were set. */
  advance(milliseconds: number): void {
    const endMs = this.#monotonicMs + milliseconds
    for (let timer = this.#nextDue(endMs); timer !== undefined; timer = this.#nextDue(endMs)) {
      this.#timers.delete(timer)
      this.#moveTo(timer.deadlineMs)
      timer.task()
    }
    this.#moveTo(endMs)
  }

  /** Moves the wall clock alone, forward or back, as an administrator or NTP would. */
  jumpWall(milliseconds: number): void {
    this.#wallMs += milliseconds
  }

  #nextDue(endMs: number): WaitingTimer | undefined {
    let next: WaitingTimer | undefined
    for (const timer of this.#timers) {
      if (timer.deadlineMs <= endMs && (next === undefined || timer.deadlineMs < next.deadlineMs)) next = timer
    }
    return next
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs
    this.#monotonicMs = monotonicMs
  }
}
