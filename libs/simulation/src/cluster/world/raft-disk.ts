import { MemoryLog, MemoryLogStore, type LogIndex, type LogStore, type LogWrite, type Snapshot } from '@walrus/raft'
import { randomBelow, type Random } from '@walrus/testing'
import type { SimulatedProcess } from './simulated-process.js'

/** Where a machine keeps its log of Raft: what is durable outlives it, what is under way may, and what was not synced too. */
export class RaftDisk {
  /** Of each write. */
  latencyMsMax = 1
  /** Of each write: it fails, and the store with it. */
  failureChance = 0
  readonly #log = new MemoryLog()
  readonly #random: Random
  /** Writes that a crash may take or leave, oldest first. */
  #undecided: (() => void)[] = []

  constructor(random: Random) {
    this.#random = random
  }

  get isEmpty(): boolean {
    return this.#log.lastIndex() === 0
  }

  open(process: SimulatedProcess): LogStore {
    return new SimulatedLogStore(this.#log, {
      begin: (apply) => this.#begin(process, apply),
      hold: (apply) => void this.#undecided.push(apply),
    })
  }

  heal(): void {
    this.latencyMsMax = 1
    this.failureChance = 0
  }

  /** Some of what was not durable is there, the older before the newer. */
  crash(): void {
    const kept = randomBelow(this.#random, this.#undecided.length + 1)
    for (const apply of this.#undecided.splice(0).slice(0, kept)) apply()
  }

  async #begin(process: SimulatedProcess, apply: () => void): Promise<void> {
    this.#undecided.push(apply)
    await process.sleep(randomBelow(this.#random, this.latencyMsMax + 1))
    if (this.#random() < this.failureChance) throw new Error('the disk of the log has failed')
    for (const settled of this.#undecided.splice(0)) settled()
  }
}

interface WriteControl {
  readonly begin: (apply: () => void) => Promise<void>
  readonly hold: (apply: () => void) => void
}

class SimulatedLogStore extends MemoryLogStore {
  readonly #control: WriteControl
  #failure: unknown

  constructor(log: MemoryLog, control: WriteControl) {
    super(log)
    this.#control = control
  }

  override async write(write: LogWrite): Promise<void> {
    const apply = (): void => void super.write(write)
    // What need not be durable yet, and nobody reads before the next start: it comes with the next write that must be.
    if (!write.mustSync && write.entries.length === 0 && write.snapshot === null) return this.#control.hold(apply)
    await this.#perform(apply)
  }

  override async saveSnapshot(snapshot: Snapshot, compactIndex: LogIndex): Promise<void> {
    await this.#perform(() => void super.saveSnapshot(snapshot, compactIndex))
  }

  async #perform(apply: () => void): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    try {
      await this.#control.begin(apply)
    } catch (error) {
      this.#failure = error
      throw error
    }
  }
}
