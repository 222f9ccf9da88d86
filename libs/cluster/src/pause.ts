import type { Clock, Timer } from '@walrus/core'

/** Resolves after about that many milliseconds. */
export function pause(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(milliseconds, resolve)
  })
}

/** Resolves when the promise does, or after about that many milliseconds. */
export async function atMost(clock: Clock, milliseconds: number, promise: Promise<void>): Promise<void> {
  let timer: Timer | undefined
  const patience = new Promise<void>((resolve) => {
    timer = clock.after(milliseconds, resolve)
  })
  await Promise.race([promise, patience])
  timer?.cancel()
}

/** As the promise; rejects with what `late` makes when it is not settled within about that many milliseconds. */
export function within<Value>(
  clock: Clock,
  milliseconds: number,
  promise: Promise<Value>,
  late: () => Error,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(milliseconds, () => reject(late()))
    promise.finally(() => timer.cancel()).then(resolve, reject)
  })
}

/** How long to wait before attempt number `attempt` (from 1): twice as long each time, within the bounds. */
export function backoffMs(
  attempt: number,
  bounds: { readonly retryMinMs: number; readonly retryMaxMs: number },
): number {
  return Math.min(bounds.retryMaxMs, bounds.retryMinMs * 2 ** (attempt - 1))
}
