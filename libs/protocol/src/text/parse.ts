import { byteAt } from '../little-endian.js'
import { commands } from './commands.js'
import type { TextRequest } from './commands.js'
import type { InvalidRequest } from './error-messages.js'
import { UNKNOWN_COMMAND } from './error-messages.js'
import { SPACE, asciiBytes, isBlank, startsWith } from './tokens.js'

/**
 * The request in the frame `bytes[start, end)`, or why it is none; told apart by `command`. Never throws, whatever the
 * bytes. A payload is a view of them. First bytes from 0x80 on are reserved, and so an unknown command.
 */
export function parseTextCommand(bytes: Uint8Array, start: number, end: number): TextRequest | InvalidRequest {
  for (const { verb, command } of table) {
    const verbEnd = start + verb.length
    if (startsWith(bytes, start, end, verb) && isTokenEnd(bytes, verbEnd, end))
      return command.parse(bytes, verbEnd, end)
  }
  return UNKNOWN_COMMAND
}

const table = Object.values(commands).map((command) => ({ verb: asciiBytes(command.verb), command }))

/** A verb ends at a space or with the frame, whose trailing white space does not count. */
function isTokenEnd(bytes: Uint8Array, at: number, end: number): boolean {
  return (at < end && byteAt(bytes, at) === SPACE) || isBlank(bytes, at, end)
}
