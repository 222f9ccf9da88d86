import type { Checksum } from '@walrus/core'
import { readU32 } from '../little-endian.js'
import { ByteReader, type FieldFault } from './byte-reader.js'
import { ByteWriter } from './byte-writer.js'
import { hello, refusal, welcome } from './handshake.js'
import { ping, pong } from './liveness.js'
import type { PeerFrameCodec } from './peer-frame-codec.js'
import { raft } from './raft-message.js'
import { answer, failure, request } from './request.js'
import { snapshotBegin, snapshotChunk, snapshotResult } from './snapshot-transfer.js'

/*
 * A frame between peers: a length as everywhere, then a checksum over all that is behind it (spec/peer-format.md).
 *
 *   ┌────────────┬──────────────┬─────────┬──────────────────────────┐
 *   │ length u32 │ checksum u32 │ type u8 │ length − 5 bytes of body │
 *   └────────────┴──────────────┴─────────┴──────────────────────────┘
 */

/** The protocol between peers, whole. A frame exists when it is in this table. */
export const peerFrames = {
  hello,
  welcome,
  refusal,
  ping,
  pong,
  raft,
  snapshotBegin,
  snapshotChunk,
  snapshotResult,
  request,
  answer,
  failure,
} as const

/** Anything that one peer may say to another. */
export type PeerFrame = {
  [Kind in keyof typeof peerFrames]: (typeof peerFrames)[Kind] extends PeerFrameCodec<infer Frame> ? Frame : never
}[keyof typeof peerFrames]

/**
 * Why bytes are no peer frame: no room for checksum and type; another checksum; under a good one, a type that this code does
 * not know, a fault of a field, or bytes behind the last field.
 */
export type PeerFault = 'short' | 'checksum' | 'unknown-type' | 'surplus' | FieldFault

/** Bytes that a frame has beside its body. */
export const PEER_FRAME_OVERHEAD_BYTES = 9

/** Collects frames one behind the other, so that all of a turn leave in one write. */
export class PeerFrameWriter {
  readonly #output = new ByteWriter()
  readonly #checksum: Checksum

  constructor(checksum: Checksum) {
    this.#checksum = checksum
  }

  /** Bytes that `take` would give. */
  get sizeBytes(): number {
    return this.#output.length
  }

  /**
   * Appends one frame, and returns the bytes that it takes up. A value that has no place in the format throws
   * `INVALID_ARGUMENT`, and leaves everything as it was.
   */
  add(frame: PeerFrame): number {
    const start = this.#output.length
    try {
      this.#write(frame, start)
    } catch (thrown) {
      this.#output.truncate(start)
      throw thrown
    }
    return this.#output.length - start
  }

  /** Everything since the last `take`; nobody touches it again. */
  take(): Uint8Array {
    return this.#output.take()
  }

  #write(frame: PeerFrame, start: number): void {
    const codec = peerFrames[frame.kind] as PeerFrameCodec<PeerFrame>
    const output = this.#output
    output.u32(0)
    output.u32(0)
    output.u8(codec.type)
    codec.write(frame, output)
    output.setU32(start, output.length - start - LENGTH_BYTES)
    output.setU32(start + LENGTH_BYTES, this.#checksum(output.view(start + CHECKED_AT)))
  }
}

/** One frame by itself. */
export function encodePeerFrame(frame: PeerFrame, checksum: Checksum): Uint8Array {
  const writer = new PeerFrameWriter(checksum)
  writer.add(frame)
  return writer.take()
}

/**
 * The frame whose payload (without its length) is `bytes[start, end)`, or why it is none. Never throws, whatever the bytes,
 * and reserves no more than a small multiple of them. What is bytes in a frame is a view of them.
 */
export function decodePeerFrame(
  bytes: Uint8Array,
  start: number,
  end: number,
  checksum: Checksum,
): PeerFrame | PeerFault {
  const typeAt = start + CHECKED_AT - LENGTH_BYTES
  if (end <= typeAt) return 'short'
  if (readU32(bytes, start) !== checksum(bytes.subarray(typeAt, end))) return 'checksum'
  const input = new ByteReader(bytes, typeAt, end)
  const codec = codecsByType.get(input.u8())
  if (codec === undefined) return 'unknown-type'
  const frame = codec.read(input)
  if (input.remaining > 0) return 'surplus'
  return input.fault ?? frame
}

const LENGTH_BYTES = 4
const CHECKED_AT = 8
const codecsByType: ReadonlyMap<number, PeerFrameCodec<PeerFrame>> = new Map(
  Object.values(peerFrames).map((codec) => [codec.type, codec as PeerFrameCodec<PeerFrame>]),
)
