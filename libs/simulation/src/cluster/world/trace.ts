/** What happened: always as a number that two equal runs share, and as readable lines where somebody wants to see them. */
export class WorldTrace {
  readonly #lines: string[] | undefined
  #hash = 0x811c9dc5

  constructor(recording: boolean) {
    this.#lines = recording ? [] : undefined
  }

  /** Empty unless it was recorded. */
  get lines(): readonly string[] {
    return this.#lines ?? []
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  /** What happens often: a few numbers. */
  note(...numbers: readonly number[]): void {
    for (const number of numbers) this.#hash = Math.imul(this.#hash ^ number, 0x01000193)
  }

  /** What a reader wants to see. */
  tell(timeMs: number, line: string): void {
    this.note(timeMs)
    for (let at = 0; at < line.length; at += 1) this.note(line.charCodeAt(at))
    this.#lines?.push(`${(timeMs / 1000).toFixed(3).padStart(8)} ${line}`)
  }
}
