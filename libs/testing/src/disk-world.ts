/** A point in the life of a call at which the world can stop, wait, or turn against the caller. */
export interface DiskOperation {
  readonly kind: 'create' | 'remove' | 'write' | 'durable write' | 'sync'
  /**
   * `before`: nothing has happened. `during` (create, remove, durable write): it has, but a crash may undo it, sector by
   * sector. `after`: it has happened as the port promises it, and the caller does not know yet.
   */
  readonly moment: 'before' | 'during' | 'after'
  /** The number of this point, from 1 over the whole life of the disk. */
  readonly boundary: number
  /** The number of the call among those of its kind, from 1. */
  readonly nth: number
  readonly file: string
}

/** What a failing system says. */
export type DiskFault = 'EIO' | 'ENOSPC'

/** `stop`: no call ever resolves or takes effect from here on. A fault fails the call; it counts only at `before`. */
export type Verdict = 'stop' | DiskFault | undefined

/** Is asked at every point. What is not a promise counts at once; a promise holds the call there until it resolves. */
export type OnOperation = (operation: DiskOperation) => Verdict | Promise<Verdict>

/** Stops the world at that boundary. */
export function stopAtBoundary(boundary: number): OnOperation {
  return (operation) => (operation.boundary === boundary ? 'stop' : undefined)
}

/** Fails the n-th call of a kind, from 1. */
export function failNth(kind: DiskOperation['kind'], nth: number, fault: DiskFault): OnOperation {
  return (operation) => (operation.kind === kind && operation.nth === nth ? fault : undefined)
}

/** Counts what happens to a disk, and asks at each point whether the world goes on. */
export class DiskWorld {
  readonly #onOperation: OnOperation
  readonly #callCounts = new Map<DiskOperation['kind'], number>()
  readonly #stopped: Promise<void>
  #boundaryCount = 0
  #isStopped = false
  #announce: () => void = () => undefined

  constructor(onOperation: OnOperation) {
    this.#onOperation = onOperation
    this.#stopped = new Promise((resolve) => (this.#announce = resolve))
  }

  get boundaryCount(): number {
    return this.#boundaryCount
  }

  get stopped(): Promise<void> {
    return this.#stopped
  }

  stop(): void {
    this.#isStopped = true
    this.#announce()
  }

  /** Begins a call; the result leads it from point to point. */
  begin(kind: DiskOperation['kind'], file: string): CallSteps {
    const nth = (this.#callCounts.get(kind) ?? 0) + 1
    this.#callCounts.set(kind, nth)
    return { reach: (moment, effect) => this.#reach({ kind, nth, file, moment }, effect) }
  }

  /** Runs the effect; never resolves when the world has stopped. */
  async goOn<T>(effect: () => T | Promise<T>): Promise<T> {
    return this.#isStopped ? new Promise<never>(() => undefined) : effect()
  }

  async #reach<T>(point: Omit<DiskOperation, 'boundary'>, effect: (fault: DiskFault | undefined) => T | Promise<T>) {
    return this.goOn(async () => {
      this.#boundaryCount += 1
      const answer = this.#onOperation({ ...point, boundary: this.#boundaryCount })
      const verdict = answer instanceof Promise ? await answer : answer
      if (verdict === 'stop') this.stop()
      return this.goOn(() => effect(verdict === 'stop' ? undefined : verdict))
    })
  }
}

/** One call on its way. */
export interface CallSteps {
  /** Asks whether the world goes on, and takes the effect in the same breath. */
  reach<T>(moment: DiskOperation['moment'], effect: (fault: DiskFault | undefined) => T | Promise<T>): Promise<T>
}
