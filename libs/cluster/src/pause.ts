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

/** How long to wait before attempt number `attempt` (from 1): twice as long each time, within the bounds. */
export function backoffMs(
  attempt: number,
  bounds: { readonly retryMinMs: number; readonly retryMaxMs: number },
): number {
  return Math.min(bounds.retryMaxMs, bounds.retryMinMs * 2 ** (attempt - 1))
}
