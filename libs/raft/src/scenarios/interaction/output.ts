import { type TraceEvent } from '../../core/trace.js'
import { type NodeId } from '../../core/types.js'
import { describeEvent, logLevels, type LogLevel } from '../describe-event.js'

/** What a directive prints. At level `NONE` everything is silent. */
export class Output {
  #level: LogLevel = 'DEBUG'
  #text = ''
  #indent = ''

  get level(): LogLevel {
    return this.#level
  }

  /** False: there is no such level. */
  setLevel(name: string): boolean {
    const level = logLevels.find((one) => one === name.toUpperCase())
    if (level === undefined) return false
    this.#level = level
    return true
  }

  get isQuiet(): boolean {
    return this.#level === 'NONE'
  }

  /** Prints whole lines; an end of line is added where it is missing. */
  print(text: string): void {
    if (this.isQuiet) return
    const lines = text.replace(/\n$/, '').split('\n')
    for (const line of lines) this.#text += `${this.#indent}${line}\n`
  }

  event(node: NodeId, event: TraceEvent): void {
    for (const { level, text } of describeEvent(node, event)) {
      if (logLevels.indexOf(level) >= logLevels.indexOf(this.#level)) this.print(`${level} ${text}`)
    }
  }

  indented(print: () => void): void {
    const before = this.#indent
    this.#indent = `${before}  `
    print()
    this.#indent = before
  }

  take(): string {
    const text = this.#text
    this.#text = ''
    this.#indent = ''
    return text
  }
}
