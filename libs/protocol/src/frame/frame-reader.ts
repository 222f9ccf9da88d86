import { assert } from '@walrus/core'
import { byteAt, readU32 } from '../little-endian.js'

/*
 * A stream is frames, one behind the other (spec/wire-format.md).
 *
 *    ┌────────────┬───────────────┬────────────┬───────────────┬───
 *    │ length u32 │ length bytes  │ length u32 │ length bytes  │ …
 *    └────────────┴───────────────┴────────────┴───────────────┴───
 */

/** Why a stream is no sequence of frames; nothing behind such a length can be trusted. */
export type FrameFault =
  | { readonly kind: 'zero-length' }
  /** It was given up in the middle of a frame. */
  | { readonly kind: 'unfinished'; readonly timeoutMs: number }
  | { readonly kind: 'oversize'; readonly announcedBytes: number; readonly maxFrameBytes: number }

/** What a reader accepts. */
export interface FrameReaderOptions {
  /** Longest payload of a frame, inclusive. */
  readonly maxFrameBytes: number
}

/** Bytes of the length in front of every frame's payload. */
export const FRAME_HEADER_BYTES = 4

/**
 * Finds the frames in a stream that arrives in chunks of any size. After each `next()` that is true,
 * the payload of a frame is `bytes[start, end)`: in place where the chunk holds all of it, else in a buffer of its own.
 * Either way the bytes stay as they are for as long as somebody holds them, if whoever owns the chunk leaves it alone.
 *
 *     reader.push(chunk)
 *     while (reader.next()) accept(reader.bytes, reader.start, reader.end)
 *     if (reader.fault !== undefined) …
 *
 * Memory: an unfinished frame holds at most twice the bytes that have arrived, or 64 KiB if that is more, whatever its
 * length announces; between frames nothing is held.
 */
export class FrameReader {
  /** The buffer that the current frame lies in. */
  bytes: Uint8Array = EMPTY
  /** First byte of the current frame's payload. */
  start = 0
  /** Behind the last byte of the current frame's payload. */
  end = 0
  /** Set once the stream cannot be understood; from then on `push` does nothing and `next` is false. */
  fault: FrameFault | undefined
  #maxFrameBytes: number
  #chunk: Uint8Array = EMPTY
  #at = 0
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES)
  #headerFilled = 0
  /** Payload of a frame that straddles chunks. Invariant: at most `#payloadBytes` long, and exactly when it is complete. */
  #partial: Uint8Array = EMPTY
  #partialFilled = 0
  /** Announced length of the frame that is being assembled; 0 when there is none. */
  #payloadBytes = 0

  constructor(options: FrameReaderOptions) {
    this.#maxFrameBytes = options.maxFrameBytes
  }

  /** True while a frame's length is known and its payload is not complete: a stream must not end here. */
  get insideFrame(): boolean {
    return this.#payloadBytes !== 0
  }

  /** True while some bytes of a frame have come, if only of its length, and others have not. */
  get isUnfinished(): boolean {
    return this.#headerFilled !== 0 || this.#payloadBytes !== 0
  }

  /** Bytes that are reserved for a frame which is not complete. */
  get heldBytes(): number {
    return this.#partial.length
  }

  /** Lets go of the frame that is not complete: its rest did not come within so long. */
  giveUp(timeoutMs: number): void {
    this.fault ??= { kind: 'unfinished', timeoutMs }
    this.#partial = EMPTY
    this.#starve()
  }

  /** From the next frame on, payloads may have up to this many bytes: more once the other side is known, say. */
  limit(maxFrameBytes: number): void {
    this.#maxFrameBytes = maxFrameBytes
  }

  /** Takes the next bytes of the stream. Only after `next()` was false: frames of the chunk before would be lost. */
  push(chunk: Uint8Array): void {
    if (this.fault !== undefined) return
    assert(this.#at === this.#chunk.length, 'all frames of a chunk are taken before the next chunk')
    // One kind of view for all that read it: code that meets both a Buffer and a Uint8Array runs slower.
    this.#chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#at = 0
  }

  /** Steps to the next complete frame; false when more bytes are needed, and for ever after a fault. */
  next(): boolean {
    if (this.fault !== undefined) return false
    if (this.#payloadBytes !== 0) return this.#assemble()
    const payloadStart = this.#at + FRAME_HEADER_BYTES
    if (this.#headerFilled !== 0 || payloadStart > this.#chunk.length) return this.#collectHeader()
    const length = readU32(this.#chunk, this.#at)
    if (!this.#accepts(length)) return false
    const payloadEnd = payloadStart + length
    this.#at = payloadStart
    if (payloadEnd > this.#chunk.length) return this.#begin(length)
    this.#at = payloadEnd
    return this.#give(this.#chunk, payloadStart, payloadEnd)
  }

  #accepts(length: number): boolean {
    if (length > 0 && length <= this.#maxFrameBytes) return true
    this.fault =
      length === 0
        ? { kind: 'zero-length' }
        : { kind: 'oversize', announcedBytes: length, maxFrameBytes: this.#maxFrameBytes }
    this.#at = this.#chunk.length
    return this.#starve()
  }

  #give(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes = bytes
    this.start = start
    this.end = end
    return true
  }

  /** Lets go of everything that was handed out, so that an idle stream holds no memory. */
  #starve(): boolean {
    this.bytes = EMPTY
    this.start = 0
    this.end = 0
    this.#chunk = EMPTY
    this.#at = 0
    return false
  }

  #collectHeader(): boolean {
    while (this.#headerFilled < FRAME_HEADER_BYTES) {
      if (this.#at === this.#chunk.length) return this.#starve()
      this.#header[this.#headerFilled++] = byteAt(this.#chunk, this.#at++)
    }
    this.#headerFilled = 0
    const length = readU32(this.#header, 0)
    return this.#accepts(length) && this.#begin(length)
  }

  #begin(length: number): boolean {
    this.#payloadBytes = length
    return this.#assemble()
  }

  #assemble(): boolean {
    const taken = Math.min(this.#payloadBytes - this.#partialFilled, this.#chunk.length - this.#at)
    if (taken === 0) return this.#starve()
    this.#reserve(this.#partialFilled + taken)
    this.#partial.set(this.#chunk.subarray(this.#at, this.#at + taken), this.#partialFilled)
    this.#at += taken
    this.#partialFilled += taken
    return this.#partialFilled === this.#payloadBytes ? this.#finish() : this.#starve()
  }

  #finish(): boolean {
    const whole = this.#partial
    this.#partial = EMPTY
    this.#partialFilled = 0
    this.#payloadBytes = 0
    return this.#give(whole, 0, whole.length)
  }

  #reserve(neededBytes: number): void {
    if (neededBytes <= this.#partial.length) return
    const wanted = Math.max(2 * neededBytes, FIRST_RESERVE_BYTES)
    const grown = new Uint8Array(Math.min(this.#payloadBytes, wanted))
    grown.set(this.#partial.subarray(0, this.#partialFilled))
    this.#partial = grown
  }
}

const EMPTY = new Uint8Array(0)
const FIRST_RESERVE_BYTES = 64 * 1024
