import { ByteReader, type FieldFault } from './byte-reader.js'
import { ByteWriter } from './byte-writer.js'

/** Both directions of the payload of a request, or of an answer. The drawing stands above the codec. */
export interface PayloadCodec<Value> {
  /** A value that has no place in the format throws `INVALID_ARGUMENT`. */
  readonly write: (value: Value, output: ByteWriter) => void
  /** Reads all fields; what is wrong with them is in `input.fault`. */
  readonly read: (input: ByteReader) => Value
}

/** Why bytes are no such payload: the fault of a field, or bytes behind the last one. */
export type PayloadFault = FieldFault | 'surplus'

/** The value as bytes. `expectedBytes` saves copies where a large payload's size is about known. */
export function encodePayload<Value>(codec: PayloadCodec<Value>, value: Value, expectedBytes?: number): Uint8Array {
  const output = new ByteWriter(expectedBytes)
  codec.write(value, output)
  return output.take()
}

/** The value, or why there is none. Never throws, whatever the bytes; what is bytes in the value is a view of them. */
export function decodePayload<Value extends object>(
  codec: PayloadCodec<Value>,
  bytes: Uint8Array,
): Value | PayloadFault {
  const input = new ByteReader(bytes, 0, bytes.length)
  const value = codec.read(input)
  if (input.remaining > 0) return 'surplus'
  return input.fault ?? value
}
