import { type LogIndex, type Snapshot } from '../core/types.js'
import { MemoryLogStore } from '../memory-log-store.js'
import { type LogWrite } from '../ports/log-store.js'

interface Held {
  readonly perform: () => void
  readonly forget: () => void
}

/** A store in memory whose writes wait on demand, fail on demand, and are lost in a crash. */
export class ControlledStore extends MemoryLogStore {
  readonly #held: Held[] = []
  /** While it is true writes wait for `performNext`. */
  isHeld = false
  /** What the next write fails with. */
  failure: Error | undefined
  writeCount = 0
  savedSnapshotCount = 0
  isClosed = false

  get heldCount(): number {
    return this.#held.length
  }

  override write(write: LogWrite): Promise<void> {
    this.writeCount++
    return this.#perform(() => super.write(write))
  }

  override saveSnapshot(snapshot: Snapshot, compactIndex: LogIndex): Promise<void> {
    this.savedSnapshotCount++
    return this.#perform(() => super.saveSnapshot(snapshot, compactIndex))
  }

  override async close(): Promise<void> {
    this.isClosed = true
    await super.close()
  }

  /** Performs the write that waits. False: none does. */
  performNext(): boolean {
    const held = this.#held.shift()
    held?.perform()
    return held !== undefined
  }

  release(): void {
    this.isHeld = false
    while (this.performNext()) continue
  }

  /** The write that is under way reaches the disk or not; nobody hears of it. */
  crash(reaches: boolean): void {
    for (const { perform, forget } of this.#held.splice(0)) {
      forget()
      if (reaches) perform()
    }
  }

  #perform(work: () => Promise<void>): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure)
    if (!this.isHeld) return work()
    return new Promise((resolve, reject) => {
      let isHeard = true
      const perform = (): void => {
        void work().then(
          () => isHeard && resolve(),
          (error: unknown) => isHeard && reject(error as Error),
        )
      }
      this.#held.push({ perform, forget: () => (isHeard = false) })
    })
  }
}
