import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_MS = 50
const LONGEST_MS = 2000

/**
 * Waits before attempt number `attempt` (from 1) is repeated: twice as long each time, half of it left to chance, so that many
 * clients do not come at once. Ends early, and quietly, when the signal is aborted.
 */
export async function backOff(attempt: number, signal?: AbortSignal): Promise<void> {
  const longestMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1))
  const waitMs = longestMs * (0.5 + Math.random() / 2)
  await sleep(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
}
