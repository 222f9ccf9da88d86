import { MemoryLogStorage, type MemoryLogDisk } from '../memory-log-storage.js'
import type { LogPlace } from './fixture.js'
import { segmentLogSuite } from './suite.js'

segmentLogSuite({ name: 'memory', place: async (stopAt) => new MemoryPlace(stopAt) })

/** Each commit has two points: before it takes effect, and before the next one begins. */
class MemoryPlace implements LogPlace {
  readonly #disk: MemoryLogDisk = new Map()
  #stopAt: number | undefined
  stopped: Promise<void> = Promise.resolve()
  #stop: () => void = () => undefined
  #storage = new MemoryLogStorage(this.#disk)
  pointCount = 0

  constructor(stopAt: number | undefined) {
    this.#arm(stopAt)
  }

  async open(): Promise<MemoryLogStorage> {
    this.#storage = new MemoryLogStorage(this.#disk, { commit: () => this.#pass(), wallMs: () => 5 })
    return this.#storage
  }

  async crash(stopAt?: number): Promise<void> {
    this.#storage.crash()
    this.#arm(stopAt)
  }

  async remove(): Promise<void> {}

  #arm(stopAt: number | undefined): void {
    this.#stopAt = stopAt
    this.pointCount = 0
    this.stopped = new Promise((resolve) => (this.#stop = resolve))
  }

  async #pass(): Promise<void> {
    this.#reach()
    await new Promise(setImmediate)
    this.#reach()
  }

  #reach(): void {
    this.pointCount += 1
    if (this.pointCount !== this.#stopAt) return
    this.#storage.crash()
    this.#stop()
  }
}
