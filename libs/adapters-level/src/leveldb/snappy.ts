import { Cursor } from './cursor.js'

/** Undoes Snappy's compression of a block. Throws `RangeError` when the bytes are none, or would give more than `bytesMax`. */
export function decompressSnappy(compressed: Buffer, bytesMax: number): Buffer {
  const input = new Cursor(compressed)
  const length = input.varint()
  if (length > bytesMax) throw new RangeError(`${length} bytes are too many`)
  const output = Buffer.alloc(length)
  let written = 0
  while (!input.isAtEnd) {
    const tag = input.byte()
    const { kind, size, distance } = elementOf(tag, input)
    if (size > length - written) throw new RangeError('it holds more than it says')
    if (kind === 'literal') input.bytes(size).copy(output, written)
    else repeat(output, written, distance, size)
    written += size
  }
  if (written !== length) throw new RangeError('it holds less than it says')
  return output
}

interface Element {
  readonly kind: 'literal' | 'copy'
  readonly size: number
  readonly distance: number
}

function elementOf(tag: number, input: Cursor): Element {
  const high = tag >>> 2
  switch (tag & 3) {
    case 0:
      return { kind: 'literal', size: 1 + (high < 60 ? high : little(input, high - 59)), distance: 0 }
    case 1:
      return { kind: 'copy', size: 4 + (high & 7), distance: ((high >>> 3) << 8) | input.byte() }
    case 2:
      return { kind: 'copy', size: 1 + high, distance: little(input, 2) }
    default:
      return { kind: 'copy', size: 1 + high, distance: little(input, 4) }
  }
}

function little(input: Cursor, count: number): number {
  let value = 0
  for (let at = 0; at < count; at++) value += input.byte() * 256 ** at
  return value
}

/** A copy may overlap what it writes: then it repeats itself. */
function repeat(output: Buffer, at: number, distance: number, size: number): void {
  if (distance === 0 || distance > at) throw new RangeError('it repeats what is not there')
  for (let done = 0; done < size; done++) output[at + done] = output[at + done - distance] ?? 0
}
