export interface BackoffOptions {
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
}

/**
 * How long to wait after so many attempts in a row that failed (at least 1). Doubles with each; half of it is chance, so that
 * the peers of a node that comes back do not all dial at once. `random` is in [0, 1).
 */
export function backoffDelayMs(
  failedCount: number,
  { backoffMinMs, backoffMaxMs }: BackoffOptions,
  random: number,
): number {
  const fullMs = Math.min(backoffMinMs * 2 ** (failedCount - 1), backoffMaxMs)
  return fullMs / 2 + (random * fullMs) / 2
}
