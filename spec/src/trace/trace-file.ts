import { closeSync, openSync, readSync } from 'node:fs'
import { parseEvent, type TracedEvent } from './event-shapes.js'

/** An event, and where it was read. */
export interface TracedLine {
  readonly event: TracedEvent
  /** `file:line`. */
  readonly place: string
}

/** A line that is no event; a trace with one cannot be replayed. */
export class TraceFileError extends Error {}

/** The events of a file, one after the other; no more than a piece of it is in memory. Throws `TraceFileError`. */
export function* eventsIn(path: string): Generator<TracedLine> {
  let number = 0
  for (const { text, isWhole } of linesIn(path)) {
    number += 1
    const place = `${path}:${number}`
    if (!isWhole) throw new TraceFileError(`${place}: the line is cut off`)
    const parsed = parseEvent(text)
    if (!parsed.ok) throw new TraceFileError(`${place}: the event ${parsed.fault}`)
    yield { event: parsed.value, place }
  }
}

interface Line {
  readonly text: string
  /** Its end was written, too. */
  readonly isWhole: boolean
}

function* linesIn(path: string): Generator<Line> {
  const file = opened(path)
  const decoder = new TextDecoder()
  const piece = new Uint8Array(PIECE_BYTES)
  let rest = ''
  try {
    for (let size = readSync(file, piece); size > 0; size = readSync(file, piece)) {
      const lines = (rest + decoder.decode(piece.subarray(0, size), { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) yield { text, isWhole: true }
      if (rest.length > LINE_CHARACTERS_MAX) break
    }
    if (rest !== '') yield { text: rest, isWhole: false }
  } finally {
    closeSync(file)
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw new TraceFileError(`Cannot read trace "${path}": ${(error as Error).message}`)
  }
}

const PIECE_BYTES = 65_536
/** The longest command of the metadata is 1 MiB. */
const LINE_CHARACTERS_MAX = 4 * 1024 * 1024
