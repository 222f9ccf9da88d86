import type { PeerFrameCodec } from './peer-frame-codec.js'

/*
 * A sign of life and its echo (spec/peer-format.md).
 *
 *   ping, pong   ┌──────────────┐
 *                │ sequence u32 │
 *                └──────────────┘
 */

/** Asks the other side for a sign of life. */
export interface Ping {
  readonly kind: 'ping'
  readonly sequence: number
}

/** The echo of a ping, with its sequence. */
export interface Pong {
  readonly kind: 'pong'
  readonly sequence: number
}

export const ping: PeerFrameCodec<Ping> = {
  type: 0x04,
  write: ({ sequence }, output) => output.u32(sequence),
  read: (input) => ({ kind: 'ping', sequence: input.u32() }),
}

export const pong: PeerFrameCodec<Pong> = {
  type: 0x05,
  write: ({ sequence }, output) => output.u32(sequence),
  read: (input) => ({ kind: 'pong', sequence: input.u32() }),
}
