import { type LogIndex } from '../core/types.js'
import { type StateMachine } from '../ports/state-machine.js'

/** A state machine that keeps every command, as text, and answers with how many there are. */
export class ListMachine implements StateMachine<number> {
  commands: string[] = []
  /** The highest index that was applied since the last start or restore. */
  lastIndex: LogIndex = 0
  restoredCount = 0

  apply(command: Uint8Array, index: LogIndex): number {
    if (index <= this.lastIndex) throw new Error(`applied ${index} after ${this.lastIndex}`)
    this.lastIndex = index
    return this.commands.push(textOf(command))
  }

  snapshot(): Iterable<Uint8Array> {
    return piecesOf([...this.commands])
  }

  restore(data: Uint8Array): void {
    const text = textOf(data)
    if (text.startsWith('damaged')) throw new Error('the bytes are damaged')
    this.restoredCount++
    this.commands = text === '' ? [] : text.split('\n')
  }
}

const COMMANDS_PER_PIECE = 100

function* piecesOf(commands: readonly string[]): Generator<Uint8Array, undefined> {
  for (let at = 0; at < commands.length; at += COMMANDS_PER_PIECE) {
    const piece = commands.slice(at, at + COMMANDS_PER_PIECE).join('\n')
    yield bytesOf(at === 0 ? piece : `\n${piece}`)
  }
}

/** One byte a character: this room has no encoder. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

export function textOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
