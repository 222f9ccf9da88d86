import { ByteReader, type FieldFault } from './byte-reader.js'
import { ByteWriter } from './byte-writer.js'

/** Both directions of what stands in a request or in its answer. */
export interface PeerBody<Body> {
  /**
   * Throws `INVALID_ARGUMENT` for a value that has no place in the format. A large body whose size is about known is written
   * without being moved.
   */
  encode(body: Body, expectedBytes?: number): Uint8Array
  /** Never throws, whatever the bytes, and reserves no more than a small multiple of them. Bytes in it are views. */
  decode(bytes: Uint8Array): Body | PeerBodyFault
}

/** Why bytes are no such body; `surplus`: there is something behind its last field. */
export type PeerBodyFault = FieldFault | 'surplus'

/** One kind of request between peers: what is asked and what is answered. */
export interface PeerQuestion<Request, Answer> {
  /** Which question it is; see `spec/peer-format.md` for all of them. */
  readonly requestKind: number
  readonly request: PeerBody<Request>
  readonly answer: PeerBody<Answer>
}

interface Fields<Body> {
  readonly write: (body: Body, output: ByteWriter) => void
  /** What it returns counts only if the reader has no fault afterwards. */
  readonly read: (input: ByteReader) => Body
}

/** A body whose fields stand one behind the other. */
export function peerBody<Body extends object>({ write, read }: Fields<Body>): PeerBody<Body> {
  return {
    encode(body, expectedBytes) {
      const output = new ByteWriter(expectedBytes)
      write(body, output)
      return output.take()
    },
    decode(bytes) {
      const input = new ByteReader(bytes, 0, bytes.length)
      const body = read(input)
      if (input.remaining > 0) return 'surplus'
      return input.fault ?? body
    },
  }
}
