import type { Clock, Timer } from '@walrus/core'
import type { LivenessView } from './liveness-view.js'

export interface WriteLeaseOptions {
  readonly clock: Clock
  readonly liveness: LivenessView
  readonly limits: {
    /** How long it lasts, counted from when a majority was asked that has answered. */
    readonly leaseMs: number
    /** How often it is looked at. */
    readonly leaseSweepMs: number
  }
}

/**
 * The right of this node to write the segments that metadata gives it: it has heard a majority of the voters lately. It only
 * makes a lonely node stop early; what makes its acknowledgements impossible is the fence.
 */
export class WriteLease {
  readonly #options: WriteLeaseOptions
  readonly #listeners = new Set<() => void>()
  #held = false
  #untilMs = -Infinity
  #timer: Timer | undefined

  constructor(options: WriteLeaseOptions) {
    this.#options = options
    this.#watch()
  }

  /** As it was when last looked at: at most `leaseSweepMs` ago, if the process was not stopped. */
  get held(): boolean {
    return this.#held
  }

  /** As it is at this moment. */
  check(): boolean {
    if (this.#options.clock.monotonicMs() >= this.#untilMs) this.sweep()
    return this.#held
  }

  /** Calls back when the lease is lost, and when it is there again. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** Looks again. */
  sweep(): void {
    const { clock, liveness, limits } = this.#options
    this.#untilMs = liveness.quorumContactMs() + limits.leaseMs
    const held = clock.monotonicMs() < this.#untilMs
    if (held === this.#held) return
    this.#held = held
    for (const listener of this.#listeners) listener()
  }

  close(): void {
    this.#timer?.cancel()
    this.#listeners.clear()
  }

  #watch(): void {
    this.sweep()
    this.#timer = this.#options.clock.after(this.#options.limits.leaseSweepMs, () => this.#watch())
  }
}
