import { ByteReader } from './byte-reader.js'
import { ByteWriter } from './byte-writer.js'
import type { PeerFault } from './peer-frames.js'

/** One kind of request between peers: what is asked and what is answered, both in both directions. */
export interface PeerQuestion<Request, Answer> {
  /** Which question it is; see `spec/peer-format.md` for all of them. */
  readonly requestKind: number
  readonly request: PayloadCodec<Request>
  readonly answer: PayloadCodec<Answer>
}

/** A value and the payload that carries it. */
export interface PayloadCodec<Value> {
  /** Throws `INVALID_ARGUMENT` for a value that has no place in the format. */
  encode(value: Value): Uint8Array
  /** The value, or why the bytes are none. Never throws; reserves no more than a small multiple of the bytes. */
  decode(payload: Uint8Array): Value | PeerFault
}

/** Of a value that is an object, so that it is told from a fault. */
export function payloadCodec<Value extends object>(
  write: (value: Value, output: ByteWriter) => void,
  read: (input: ByteReader) => Value,
): PayloadCodec<Value> {
  return {
    encode: (value) => {
      const output = new ByteWriter()
      write(value, output)
      return output.take()
    },
    decode: (payload) => {
      const input = new ByteReader(payload, 0, payload.length)
      const value = read(input)
      if (input.remaining > 0) return 'surplus'
      return input.fault ?? value
    },
  }
}
