/** Time and deferral as an argument, so that a test is a replay. */
export interface RaftClock {
  /** Runs the task after the input events that are already waiting, never from within this call. */
  defer(task: () => void): void
  /** Runs the task once, about that much later; the timer does not keep the process alive. */
  after(milliseconds: number, task: () => void): RaftTimer
}

/** A timer that has not fired yet, or has. */
export interface RaftTimer {
  cancel(): void
}
