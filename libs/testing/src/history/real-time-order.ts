/** A call that took a while, and has a place in the log. */
export interface PlacedCall {
  /** What it is called in a fault. */
  readonly name: string
  readonly offset: number
  /** When it was made. */
  readonly askedMs: number
  /** When its answer came; infinite without one. */
  readonly answeredMs: number
}

/**
 * Calls that were made after another one had its answer, and yet are not behind it, in words. Calls that overlap in time may have
 * any order.
 */
export function realTimeFaults(calls: readonly PlacedCall[]): readonly string[] {
  const byAnswer = [...calls].sort((one, other) => one.answeredMs - other.answeredMs)
  const byQuestion = [...calls].sort((one, other) => one.askedMs - other.askedMs)
  const faults: string[] = []
  let furthest: PlacedCall | undefined
  let answeredCount = 0
  for (const call of byQuestion) {
    for (; (byAnswer[answeredCount]?.answeredMs ?? Infinity) < call.askedMs; answeredCount += 1) {
      const answered = byAnswer[answeredCount]
      if (answered !== undefined && answered.offset >= (furthest?.offset ?? 0)) furthest = answered
    }
    if (furthest !== undefined && furthest.offset >= call.offset) {
      faults.push(
        `${call.offset}: ${call.name} began after ${furthest.name} was answered, which is at ${furthest.offset}`,
      )
    }
  }
  return faults
}
