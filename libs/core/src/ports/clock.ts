/** Time and deferral as an argument, so that a test is a replay. */
export interface Clock {
  /** Wall-clock milliseconds since 1970, for timestamps that people read. May jump. */
  wallMs(): number
  /** Milliseconds that only grow, for durations and deadlines. */
  monotonicMs(): number
  /** Runs the task after the input events that are already waiting. */
  defer(task: () => void): void
  /** Runs the task once, about that much later; the timer does not keep the process alive. */
  after(milliseconds: number, task: () => void): Timer
}

/** A timer that has not fired yet, or has. */
export interface Timer {
  cancel(): void
}
