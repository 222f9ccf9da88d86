/** A promise of the engine that a run has seen broken. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** Stops the run unless the promise holds. */
export function expectPromise(holds: boolean, broken: () => string): asserts holds {
  if (!holds) throw new Violation(broken())
}
