/** What happened, in readable lines. A line is made only where somebody wants to see it. */
export class Trace {
  readonly #lines: string[] | undefined

  constructor(recording: boolean) {
    this.#lines = recording ? [] : undefined
  }

  /** Empty unless it was recorded. */
  get lines(): readonly string[] {
    return this.#lines ?? []
  }

  add(line: () => string): void {
    this.#lines?.push(line())
  }
}
