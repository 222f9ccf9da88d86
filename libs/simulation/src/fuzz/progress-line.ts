import type { Output } from '../output.js'

const CLEAR_LINE = '\r\u001b[K'
const BETWEEN_MS = 100

/** How far a run of many is. */
export interface RunProgress {
  readonly done: number
  readonly failed: number
  readonly elapsedMs: number
}

/** One line on a terminal that tells how far a run is; on anything else it says nothing. */
export class ProgressLine {
  readonly #output: Output
  readonly #all: number
  #shownMs = -Infinity

  constructor(output: Output, all: number) {
    this.#output = output
    this.#all = all
  }

  show(progress: RunProgress): void {
    if (this.#output.isTTY !== true || progress.elapsedMs - this.#shownMs < BETWEEN_MS) return
    this.#shownMs = progress.elapsedMs
    this.#output.write(CLEAR_LINE + renderProgress(progress, this.#all))
  }

  /** Takes the line away, so that something else can be printed. */
  clear(): void {
    if (this.#shownMs > -Infinity) this.#output.write(CLEAR_LINE)
    this.#shownMs = -Infinity
  }
}

/** `1200 of 5000, 0 failed, 240/s, 16 s left`. */
export function renderProgress({ done, failed, elapsedMs }: RunProgress, all: number): string {
  const perSecond = (1000 * done) / Math.max(1, elapsedMs)
  const left = perSecond > 0 ? `, ${Math.ceil((all - done) / perSecond)} s left` : ''
  return `${done} of ${all}, ${failed} failed, ${Math.round(perSecond)}/s${left}`
}
