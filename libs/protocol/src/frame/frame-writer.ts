import { writeU32 } from '../little-endian.js'
import { FRAME_HEADER_BYTES } from './frame-reader.js'

/** The payload behind its length: a frame that can be sent as it is. At most 2^32 − 1 bytes, at least 1. */
export function frame(payload: Uint8Array): Uint8Array {
  const framed = new Uint8Array(FRAME_HEADER_BYTES + payload.length)
  writeU32(framed, 0, payload.length)
  framed.set(payload, FRAME_HEADER_BYTES)
  return framed
}

/** One frame whose payload is `prefix` followed by `body`; together they are not empty. */
export function prefixedFrame(prefix: Uint8Array, body: Uint8Array): Uint8Array {
  const framed = new Uint8Array(FRAME_HEADER_BYTES + prefix.length + body.length)
  writePrefixedFrame(framed, 0, prefix, body)
  return framed
}

/**
 * Collects frames one behind the other in one buffer, so that all of them leave in one write. What `take` has given out is
 * never touched again.
 */
export class FrameWriter {
  #buffer: Uint8Array = EMPTY
  #filled = 0
  #reserveBytes = SMALLEST_RESERVE_BYTES

  /** Bytes that `take` would give. */
  get sizeBytes(): number {
    return this.#filled
  }

  /** Appends frames that are complete already. */
  addFrames(frames: Uint8Array): void {
    this.#reserve(frames.length)
    this.#buffer.set(frames, this.#filled)
    this.#filled += frames.length
  }

  /** Appends one frame whose payload is `prefix` followed by `body`; together they are not empty. */
  addFrame(prefix: Uint8Array, body: Uint8Array): void {
    this.#reserve(FRAME_HEADER_BYTES + prefix.length + body.length)
    this.#filled = writePrefixedFrame(this.#buffer, this.#filled, prefix, body)
  }

  /** Everything that was added since the last `take`, in order; empty if nothing was. */
  take(): Uint8Array {
    const frames = this.#buffer.subarray(0, this.#filled)
    this.#reserveBytes = Math.min(Math.max(this.#filled, SMALLEST_RESERVE_BYTES), LARGEST_RESERVE_BYTES)
    this.#buffer = EMPTY
    this.#filled = 0
    return frames
  }

  #reserve(addedBytes: number): void {
    const neededBytes = this.#filled + addedBytes
    if (neededBytes <= this.#buffer.length) return
    const grown = new Uint8Array(Math.max(neededBytes, 2 * this.#buffer.length, this.#reserveBytes))
    grown.set(this.#buffer.subarray(0, this.#filled))
    this.#buffer = grown
  }
}

function writePrefixedFrame(target: Uint8Array, at: number, prefix: Uint8Array, body: Uint8Array): number {
  const prefixStart = at + FRAME_HEADER_BYTES
  const bodyStart = prefixStart + prefix.length
  writeU32(target, at, prefix.length + body.length)
  target.set(prefix, prefixStart)
  target.set(body, bodyStart)
  return bodyStart + body.length
}

const EMPTY = new Uint8Array(0)
const SMALLEST_RESERVE_BYTES = 256
/** The first buffer after a `take` is as large as the last one was full, up to here. */
const LARGEST_RESERVE_BYTES = 64 * 1024
