import type { ErrorCode } from '@walrus/core'
import { byteAt, readU32, writeU32 } from '../little-endian.js'
import { ByteReader, type FieldFault } from '../peer/byte-reader.js'
import { ByteWriter } from '../peer/byte-writer.js'
import { isInvalid, type BinaryCommand } from './binary-command.js'
import {
  binaryCommands,
  commandByCode,
  type BinaryCommandName,
  type BinaryReplyOf,
  type BinaryRequest,
} from './commands.js'

/*
 * The payload of a frame whose first byte is 0x80 to 0xbf.
 *
 *   request   ┌────────────┬────────┬─────────────────────────┐
 *             │ command u8 │ id u32 │ body, as its command is │
 *             └────────────┴────────┴─────────────────────────┘
 *   answer    ┌────────────┬────────┬─────────────┬────────────────────────┐
 *             │ command u8 │ id u32 │ status u8 0 │ body, as its answer is │
 *             └────────────┴────────┴─────────────┴────────────────────────┘
 *   failure   ┌────────────┬────────┬─────────────┬───────────────┬──────┬──────────────────────┐
 *             │ command u8 │ id u32 │ status u8 1 │ codeLength u8 │ code │ message, UTF-8, rest │
 *             └────────────┴────────┴─────────────┴───────────────┴──────┴──────────────────────┘
 */

/**
 * True for the payload of a binary frame; else it is a text command or its answer. No text in UTF-8 begins with such a byte, so
 * whoever sends text, however wrong, is answered in text.
 */
export function isBinaryPayload(bytes: Uint8Array, start: number): boolean {
  return isCode(byteAt(bytes, start))
}

function isCode(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

/** A request as it came in, or why it is none; `command` tells them apart. */
export interface ReceivedRequest {
  /** What the answer must carry. 0 when there was no room for one. */
  readonly id: number
  /** The first byte, which the answer repeats. */
  readonly code: number
  readonly request: BinaryRequest | InvalidBinaryRequest
}

/** Why bytes are no request, as the failure that answers it. */
export interface InvalidBinaryRequest {
  readonly command: 'invalid'
  readonly code: ErrorCode
  readonly message: string
}

/**
 * The request in the payload `bytes[start, end)`. Never throws, whatever the bytes, and reserves no more than a small multiple
 * of them. What is bytes in a request is a view of them.
 */
export function parseBinaryRequest(bytes: Uint8Array, start: number, end: number): ReceivedRequest {
  const code = byteAt(bytes, start)
  if (end - start < HEADER_BYTES)
    return { id: 0, code, request: refusal('INVALID_ARGUMENT', 'it has no room for an id') }
  const id = readU32(bytes, start + 1)
  const name = commandByCode(code)
  if (name === undefined) return { id, code, request: refusal('UNSUPPORTED_FORMAT', `no command is "${hex(code)}"`) }
  const input = new ByteReader(bytes, start + HEADER_BYTES, end)
  const request = codecOf(name).readRequest(input)
  if (input.fault !== undefined) return { id, code, request: refusal('INVALID_ARGUMENT', reasonOf(name, input.fault)) }
  if (isInvalid(request)) return { id, code, request }
  if (input.remaining > 0) return { id, code, request: refusal('INVALID_ARGUMENT', reasonOf(name, 'surplus')) }
  return { id, code, request: request }
}

/** An answer as it came in. */
export type ReceivedAnswer = { readonly id: number; readonly code: number } & (
  | { readonly status: 'ok'; readonly body: ByteReader }
  | { readonly status: 'failed'; readonly errorCode: string; readonly message: string }
)

/** The answer in the payload `bytes[start, end)`; undefined when it is none. Never throws. */
export function parseBinaryAnswer(bytes: Uint8Array, start: number, end: number): ReceivedAnswer | undefined {
  const input = new ByteReader(bytes, start, end)
  const code = input.u8()
  const id = input.u32()
  const status = input.u8()
  if (input.fault !== undefined || !isCode(code) || status > FAILED) return undefined
  if (status === OK) return { id, code, status: 'ok', body: input }
  const errorCode = input.text(input.u8())
  const message = input.text(input.remaining)
  return input.fault === undefined ? { id, code, status: 'failed', errorCode, message } : undefined
}

/** What the body of an answer says; undefined when this command has no such answer. Never throws. */
export function readBinaryReply<N extends BinaryCommandName>(name: N, body: ByteReader): BinaryReplyOf<N> | undefined {
  const reply = codecOf(name).readReply(body)
  return body.fault === undefined && body.remaining === 0 ? (reply as BinaryReplyOf<N>) : undefined
}

/** One request by itself, framed, without an id yet. Throws as `BinaryFrameWriter.addRequest` does. */
export function binaryRequestFrame(request: BinaryRequest): Uint8Array {
  const writer = new BinaryFrameWriter()
  writer.addRequest(0, request)
  return writer.take()
}

/** Writes the id into a frame of `binaryRequestFrame`. */
export function setRequestId(framed: Uint8Array, id: number): void {
  writeU32(framed, LENGTH_BYTES + 1, id)
}

/** Collects frames one behind the other, so that all of a turn leave in one write. */
export class BinaryFrameWriter {
  readonly #output = new ByteWriter()

  /** Bytes that `take` would give. */
  get sizeBytes(): number {
    return this.#output.length
  }

  /** Throws `INVALID_ARGUMENT` or `INVALID_TOPIC` for a request that has no place in the format, and leaves all as it was. */
  addRequest(id: number, request: BinaryRequest): void {
    const codec = codecOf(request.command)
    this.#add(codec.code, id, (output) => codec.writeRequest(request, output))
  }

  addAnswer<N extends BinaryCommandName>(id: number, name: N, reply: BinaryReplyOf<N>): void {
    const codec = codecOf(name)
    this.#add(codec.code, id, (output) => {
      output.u8(OK)
      codec.writeReply(reply, output)
    })
  }

  /** @param code the first byte of what was asked */
  addFailure(id: number, code: number, errorCode: string, message: string): void {
    this.#add(code, id, (output) => {
      output.u8(FAILED)
      output.shortText(errorCode)
      output.text(message)
    })
  }

  /** Everything since the last `take`; nobody touches it again. */
  take(): Uint8Array {
    return this.#output.take()
  }

  #add(code: number, id: number, writeBody: (output: ByteWriter) => void): void {
    const output = this.#output
    const start = output.length
    try {
      output.u32(0)
      output.u8(code)
      output.u32(id)
      writeBody(output)
      output.setU32(start, output.length - start - LENGTH_BYTES)
    } catch (thrown) {
      output.truncate(start)
      throw thrown
    }
  }
}

const LENGTH_BYTES = 4
const HEADER_BYTES = 5
const OK = 0
const FAILED = 1

function codecOf(name: BinaryCommandName): BinaryCommand<BinaryRequest, unknown> {
  return binaryCommands[name] as BinaryCommand<BinaryRequest, unknown>
}

function refusal(code: ErrorCode, reason: string): InvalidBinaryRequest {
  return { command: 'invalid', code, message: `Cannot read the request: ${reason}` }
}

function reasonOf(name: BinaryCommandName, fault: FieldFault | 'surplus'): string {
  return `"${name}" ${FAULTS[fault]}`
}

const FAULTS: Readonly<Record<FieldFault | 'surplus', string>> = {
  truncated: 'ends inside a field',
  range: 'has a field that is out of range',
  magic: 'has a field that is out of range',
  version: 'has a field that is out of range',
  surplus: 'goes on behind its last field',
}

function hex(code: number): string {
  return `0x${code.toString(16)}`
}
