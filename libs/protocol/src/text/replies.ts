import { byteAt } from '../little-endian.js'
import type { FrameWriter } from '../frame/frame-writer.js'
import { frame, prefixedFrame } from '../frame/frame-writer.js'
import { asciiBytes, startsWith } from './tokens.js'
import { decodeUtf8, encodeUtf8 } from './utf8.js'

/*
 * The answers (spec/wire-format.md). Which of them a command has stands above its codec; ERR is an answer to each.
 *
 *    ┌────┐     ┌────┬───┬─────────────────┐     ┌───────┐     ┌─────┬───┬────────────────┐     ┌──────────────┐
 *    │ OK │     │ OK │ ␠ │ payload, exact  │     │ EMPTY │     │ ERR │ ␠ │ message, UTF-8 │     │ JSON, UTF-8  │
 *    └────┘     └────┴───┴─────────────────┘     └───────┘     └─────┴───┴────────────────┘     └──────────────┘
 */

/** It was done. */
export interface OkReply {
  readonly kind: 'ok'
}

/** The next entry, exactly as it was put. As read it is a view of the answer's bytes. */
export interface EntryReply {
  readonly kind: 'entry'
  readonly payload: Uint8Array
}

/** There is no next entry yet. */
export interface EmptyReply {
  readonly kind: 'empty'
}

/** A document, not yet parsed; the first character is `{`. */
export interface JsonReply {
  readonly kind: 'json'
  readonly text: string
}

/** It was not done. `message` is what stands behind `ERR `. */
export interface ErrorReply {
  readonly kind: 'error'
  readonly message: string
}

/** Any answer to a text command. */
export type TextReply = OkReply | EntryReply | EmptyReply | JsonReply | ErrorReply

const OK = asciiBytes('OK')
const ENTRY_PREFIX = asciiBytes('OK ')
const EMPTY = asciiBytes('EMPTY')
const ERROR_PREFIX = asciiBytes('ERR ')
const OPENING_BRACE = 0x7b

/** The frame of `OK`. Shared: nobody changes it. */
export const OK_FRAME: Uint8Array = frame(OK)

/** The frame of `EMPTY`. Shared: nobody changes it. */
export const EMPTY_FRAME: Uint8Array = frame(EMPTY)

/** The frame of any answer; of a shared one where it has no content. */
export function replyFrame(reply: TextReply): Uint8Array {
  switch (reply.kind) {
    case 'ok':
      return OK_FRAME
    case 'entry':
      return entryFrame(reply.payload)
    case 'empty':
      return EMPTY_FRAME
    case 'json':
      return frame(encodeUtf8(reply.text))
    case 'error':
      return errorFrame(reply.message)
  }
}

/** The frame of `OK <payload>`, a copy of the payload. */
export function entryFrame(payload: Uint8Array): Uint8Array {
  return prefixedFrame(ENTRY_PREFIX, payload)
}

/** Adds the frame of `OK <payload>` to what the writer holds. */
export function addEntryFrame(writer: FrameWriter, payload: Uint8Array): void {
  writer.addFrame(ENTRY_PREFIX, payload)
}

/** The frame of `ERR <message>`. */
export function errorFrame(message: string): Uint8Array {
  return frame(encodeUtf8(`ERR ${message}`))
}

/**
 * `count` frames of `OK`, one behind the other: a view of a run that is made once, so that answering many appends copies
 * nothing. Shared: nobody changes it. The run grows to the next power of two above the largest count that was asked for.
 */
export function okFrames(count: number): Uint8Array {
  const sizeBytes = count * OK_FRAME.length
  if (sizeBytes > okRun.length) okRun = buildOkRun(count)
  return okRun.subarray(0, sizeBytes)
}

let okRun = buildOkRun(1024)

function buildOkRun(count: number): Uint8Array {
  const frames = 2 ** Math.ceil(Math.log2(count))
  const run = new Uint8Array(frames * OK_FRAME.length)
  for (let at = 0; at < run.length; at += OK_FRAME.length) run.set(OK_FRAME, at)
  return run
}

export function readOk(bytes: Uint8Array, start: number, end: number): OkReply | undefined {
  return isExactly(bytes, start, end, OK) ? { kind: 'ok' } : undefined
}

export function readEntry(bytes: Uint8Array, start: number, end: number): EntryReply | undefined {
  if (!startsWith(bytes, start, end, ENTRY_PREFIX)) return undefined
  return { kind: 'entry', payload: bytes.subarray(start + ENTRY_PREFIX.length, end) }
}

export function readEmpty(bytes: Uint8Array, start: number, end: number): EmptyReply | undefined {
  return isExactly(bytes, start, end, EMPTY) ? { kind: 'empty' } : undefined
}

export function readJson(bytes: Uint8Array, start: number, end: number): JsonReply | undefined {
  if (start === end || byteAt(bytes, start) !== OPENING_BRACE) return undefined
  const text = decodeUtf8(bytes, start, end)
  return text === undefined ? undefined : { kind: 'json', text }
}

export function readError(bytes: Uint8Array, start: number, end: number): ErrorReply | undefined {
  if (!startsWith(bytes, start, end, ERROR_PREFIX)) return undefined
  const message = decodeUtf8(bytes, start + ERROR_PREFIX.length, end)
  return message === undefined ? undefined : { kind: 'error', message }
}

function isExactly(bytes: Uint8Array, start: number, end: number, whole: Uint8Array): boolean {
  return end - start === whole.length && startsWith(bytes, start, end, whole)
}
