import { setTimeout as delay } from 'node:timers/promises'

/**
 * Resolves once `condition` holds; asks again and again, since processes tell nobody when they change. What it throws counts
 * as "not yet". Rejects after `timeoutMs` with what was waited for, and the last reason.
 */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs: number,
  pollMs = POLL_MS,
): Promise<void> {
  const endMs = performance.now() + timeoutMs
  let reason = ''
  while (performance.now() < endMs) {
    try {
      if (await condition()) return
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : String(error)}`
    }
    await delay(pollMs)
  }
  throw new Error(`Not within ${timeoutMs} ms: ${what}${reason}`)
}

const POLL_MS = 50
