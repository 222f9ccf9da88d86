/** Why a step was not taken. */
export interface Refusal {
  /** `waits`: something that it follows from has not been replayed yet. `broken`: whatever else happens, it may not be. */
  readonly kind: 'waits' | 'broken'
  readonly reason: string
}

export function waits(reason: string): Refusal {
  return { kind: 'waits', reason }
}

/** @param rule the invariant of the model, or the habit of a right node, that it breaks */
export function broken(rule: string, reason: string): Refusal {
  return { kind: 'broken', reason: `${rule}: ${reason}` }
}
