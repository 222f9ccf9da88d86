import type { PeerFrameCodec } from './peer-frame-codec.js'

/*
 * A question to another node and its answer; what they say is not this room's business (spec/peer-format.md).
 *
 *   request    ┌────────┬──────────┬───────────────┬───────────────┐
 *              │ id u32 │ kind u16 │ timeoutMs u32 │ payload, rest │
 *              └────────┴──────────┴───────────────┴───────────────┘
 *   answer     ┌────────┬───────────────┐
 *              │ id u32 │ payload, rest │
 *              └────────┴───────────────┘
 *   failure    ┌────────┬───────────────┬─────────────┬──────────────────────┐
 *              │ id u32 │ codeLength u8 │ code, UTF-8 │ message, UTF-8, rest │
 *              └────────┴───────────────┴─────────────┴──────────────────────┘
 */

/** Asks the other node something. */
export interface PeerRequest {
  readonly kind: 'request'
  /** Chosen by the asker; no other request of the connection that has no answer yet has it. */
  readonly id: number
  /** Which question it is: 0 to 65,535. */
  readonly requestKind: number
  /** The asker reads no answer that comes later. */
  readonly timeoutMs: number
  readonly payload: Uint8Array
}

/** The answer to the request with this id. */
export interface PeerAnswer {
  readonly kind: 'answer'
  readonly id: number
  readonly payload: Uint8Array
}

/** The request with this id has failed. */
export interface PeerFailure {
  readonly kind: 'failure'
  readonly id: number
  /** The stable code of the error; one that the asker does not know comes from a newer program. */
  readonly code: string
  readonly message: string
}

export const request: PeerFrameCodec<PeerRequest> = {
  type: 0x30,
  write: ({ id, requestKind, timeoutMs, payload }, output) => {
    output.u32(id)
    output.u16(requestKind)
    output.u32(timeoutMs)
    output.bytes(payload)
  },
  read: (input) => ({
    kind: 'request',
    id: input.u32(),
    requestKind: input.u16(),
    timeoutMs: input.u32(),
    payload: input.bytes(input.remaining),
  }),
}

export const answer: PeerFrameCodec<PeerAnswer> = {
  type: 0x31,
  write: ({ id, payload }, output) => {
    output.u32(id)
    output.bytes(payload)
  },
  read: (input) => ({ kind: 'answer', id: input.u32(), payload: input.bytes(input.remaining) }),
}

export const failure: PeerFrameCodec<PeerFailure> = {
  type: 0x32,
  write: ({ id, code, message }, output) => {
    output.u32(id)
    output.shortText(code)
    output.text(message)
  },
  read: (input) => {
    const id = input.u32()
    const code = input.text(input.u8())
    return { kind: 'failure', id, code, message: input.text(input.remaining) }
  },
}
