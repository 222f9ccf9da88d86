import type { Clock, Timer } from '@walrus/core'
import type { NodeLimits, Report } from '../node-context.js'
import type { Heartbeats } from './heartbeats.js'

export interface DiskRoomOptions {
  readonly clock: Clock
  readonly limits: Pick<NodeLimits, 'diskFullMs'>
  readonly heartbeats: Heartbeats
  readonly report: Report
}

/**
 * Whether this node's disk has room, as far as it was noticed: others give it nothing new while it has none. After a while it is
 * there for it again, and learns whether there is.
 */
export class DiskRoom {
  readonly #options: DiskRoomOptions
  #timer: Timer | undefined
  #onFull: () => void = () => undefined

  constructor(options: DiskRoomOptions) {
    this.#options = options
  }

  /** Calls back when the disk turns out to be full that had room. One listener. */
  onFull(listener: () => void): void {
    this.#onFull = listener
  }

  /** A write has found the disk full: of a segment that is led here, or of a copy. */
  noteFull(): void {
    const { clock, limits, heartbeats, report } = this.#options
    this.#timer?.cancel()
    this.#timer = clock.after(limits.diskFullMs, () => (heartbeats.diskFull = false))
    if (heartbeats.diskFull) return
    heartbeats.diskFull = true
    report('error', 'the disk is full, other nodes lead what this one led', {})
    this.#onFull()
  }

  close(): void {
    this.#timer?.cancel()
  }
}
