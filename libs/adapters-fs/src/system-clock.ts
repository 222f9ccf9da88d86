import type { Clock } from '@walrus/core'

/** The longest that `setTimeout` waits; beyond it fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** The time of the machine. Deferred tasks run after the input events of this turn; timers do not keep the process alive. */
export function systemClock(): Clock {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    defer: (task) => void setImmediate(task),
    after: (milliseconds, task) => {
      const timer = setTimeout(task, Math.min(milliseconds, TIMER_MAX_MS)).unref()
      return { cancel: () => clearTimeout(timer) }
    },
  }
}
