const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Longest line that is read; beyond it the input is surely not made of commands. */
const LINE_BYTES_MAX = 1 << 30

/**
 * The lines of a byte stream without their line ends (`\n` or `\r\n`), byte for byte; a last line needs no end.
 * Readline is not used for this: it decodes, and it also cuts at characters that may stand in an entry.
 */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = []
  let lengthBytes = 0
  for await (const chunk of input) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield joined([...parts, chunk.subarray(start, end)])
      parts = []
      lengthBytes = 0
      start = end + 1
    }
    parts.push(chunk.subarray(start))
    lengthBytes += chunk.length - start
    if (lengthBytes > LINE_BYTES_MAX) throw new Error(`Cannot read a command: line exceeds ${LINE_BYTES_MAX} bytes`)
  }
  if (lengthBytes > 0) yield joined(parts)
}

function joined(parts: readonly Uint8Array[]): Buffer {
  const line = Buffer.concat(parts)
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}
