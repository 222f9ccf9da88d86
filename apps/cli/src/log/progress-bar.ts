import type { Writable } from 'node:stream'

const WIDTH = 30
const CLEAR_LINE = '\r\u001b[K'

/** How far something is, on one line of a terminal; on anything else it says nothing. */
export class ProgressBar {
  readonly #stream: Writable
  readonly #isTerminal: boolean
  #line = ''

  constructor(stream: Writable & { readonly isTTY?: boolean }) {
    this.#stream = stream
    this.#isTerminal = stream.isTTY === true
  }

  /** Draws where it shows a difference. */
  update(doneBytes: number, totalBytes: number): void {
    const line = renderProgress(doneBytes, totalBytes)
    if (!this.#isTerminal || line === this.#line) return
    this.#line = line
    this.#stream.write(CLEAR_LINE + line)
  }

  /** Takes the line away, so that something else can be printed. */
  clear(): void {
    if (this.#line !== '') this.#stream.write(CLEAR_LINE)
    this.#line = ''
  }
}

/** `[######------------------------]  20 % of 1.2 GiB`. */
export function renderProgress(doneBytes: number, totalBytes: number): string {
  const part = totalBytes === 0 ? 1 : doneBytes / totalBytes
  const filled = '#'.repeat(Math.floor(part * WIDTH)).padEnd(WIDTH, '-')
  return `[${filled}] ${String(Math.floor(part * 100)).padStart(3)} % of ${sizeText(totalBytes)}`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

function sizeText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** power
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power] ?? ''}`
}
