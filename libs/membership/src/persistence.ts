import { WalrusError, type Clock } from '@walrus/core'

/** What repeating something takes. */
export interface Surroundings {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** Nobody wants the outcome any more. */
  readonly signal: AbortSignal
}

/**
 * The waits between attempts, in milliseconds: each twice the one before, from 100 to 5,000, half of it left to chance. So
 * nodes that start together do not ask together.
 */
export function backoffMs(attempt: number, random: number): number {
  const waitMs = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(attempt, 16))
  return waitMs / 2 + (waitMs / 2) * random
}

/** Waits; rejects with `UNAVAILABLE` as soon as nobody wants the outcome any more. */
export function pause({ clock, signal }: Surroundings, milliseconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(milliseconds, done)
    function done(): void {
      signal.removeEventListener('abort', done)
      timer.cancel()
      if (signal.aborted) reject(givenUp())
      else resolve()
    }
    if (signal.aborted) done()
    else signal.addEventListener('abort', done)
  })
}

/** What is decided, and will not change by being asked for again. */
export function isFinal(error: unknown): boolean {
  return !(error instanceof WalrusError) || FINAL_CODES.has(error.code)
}

/**
 * Tries until it works, or fails for good, or `failed` throws; `failed` hears of every attempt that came to nothing.
 */
export async function persist<Result>(
  surroundings: Surroundings,
  attempt: () => Promise<Result>,
  failed: (error: WalrusError, waitMs: number) => void,
): Promise<Result> {
  for (let count = 0; ; count++) {
    try {
      return await attempt()
    } catch (error) {
      if (isFinal(error) || surroundings.signal.aborted) throw error
      const waitMs = Math.round(backoffMs(count, surroundings.random()))
      failed(error as WalrusError, waitMs)
      await pause(surroundings, waitMs)
    }
  }
}

/** How loudly a failed attempt is told: the first ones fail in the best of clusters, because nodes start one after the other. */
export function levelOfAttempt(waitMs: number): 'debug' | 'warn' {
  return waitMs < REPORTED_WAIT_MS ? 'debug' : 'warn'
}

const REPORTED_WAIT_MS = 500
const FINAL_CODES: ReadonlySet<string> = new Set(['NODE_REFUSED', 'NODE_IN_USE', 'STORAGE_CLOSED', 'CORRUPT_DATA'])
const WAIT_MS_MIN = 100
const WAIT_MS_MAX = 5_000

function givenUp(): WalrusError {
  return new WalrusError('UNAVAILABLE', 'Cannot wait any longer: the node stops')
}
