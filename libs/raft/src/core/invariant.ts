/** Something that cannot happen did: the process must stop, because going on could lose acknowledged data. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
  readonly code = 'RAFT_INVARIANT_VIOLATION'
}

/** Stops with `message`. Callers test the condition themselves, so that no message is built on the good path. */
export function violated(message: string): never {
  throw new InvariantViolation(message)
}

/** The value, which the caller knows to be there. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) violated(`${what} is missing`)
  return value
}
