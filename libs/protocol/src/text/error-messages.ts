import type { FrameFault } from '../frame/frame-reader.js'

// What stands behind `ERR ` in an answer, as far as the wire fixes it. The node's own troubles have words of their own.

/** Why bytes are no command; the answer is `ERR ` and `message`. */
export interface InvalidRequest {
  readonly command: 'invalid'
  readonly fault: RequestFault
  readonly message: string
}

/** The first thing that is wrong with a request. */
export type RequestFault = 'unknown-command' | 'topic-required' | 'payload-required' | 'invalid-topic' | 'invalid-utf8'

/** What an error of a server is about, as far as a client can act on it. */
export type ErrorKind = 'unknown-topic' | 'invalid-topic' | 'invalid-frame' | 'timed-out' | 'other'

/** The words for a frame that cannot be. The connection is closed after them. */
export function frameFaultMessage(fault: FrameFault): string {
  if (fault.kind === 'zero-length') return INVALID_FRAME
  if (fault.kind === 'unfinished') return `incomplete frame: its rest did not come within ${fault.timeoutMs} ms`
  return `${INVALID_FRAME}: ${fault.announcedBytes} exceeds ${fault.maxFrameBytes}`
}

/** The words for PUT, GET and STATE of a topic that nobody registered. */
export function unknownTopicMessage(topic: string): string {
  return UNKNOWN_TOPIC + topic
}

/** The words for a request that the cluster could not carry out inside its deadline; it may still be carried out later. */
export function timedOutMessage(reason: string): string {
  return TIMED_OUT + reason
}

/** Tells the errors apart that the wire fixes: the one place that looks at an error's words. */
export function errorKindOf(message: string): ErrorKind {
  if (message.startsWith(UNKNOWN_TOPIC)) return 'unknown-topic'
  if (message.startsWith(INVALID_TOPIC)) return 'invalid-topic'
  if (message.startsWith(INVALID_FRAME)) return 'invalid-frame'
  return message.startsWith(TIMED_OUT) ? 'timed-out' : 'other'
}

export function topicRequired(verb: string): InvalidRequest {
  return { command: 'invalid', fault: 'topic-required', message: `${verb} requires a topic` }
}

export function payloadRequired(verb: string): InvalidRequest {
  return { command: 'invalid', fault: 'payload-required', message: `${verb} requires a payload` }
}

/** @param quoted the topic, cut to a length that is fit to be sent back */
export function invalidTopic(quoted: string, reason: string): InvalidRequest {
  return { command: 'invalid', fault: 'invalid-topic', message: `${INVALID_TOPIC}${JSON.stringify(quoted)}: ${reason}` }
}

export const UNKNOWN_COMMAND: InvalidRequest = {
  command: 'invalid',
  fault: 'unknown-command',
  message: 'unknown command',
}

export const INVALID_UTF8: InvalidRequest = { command: 'invalid', fault: 'invalid-utf8', message: 'invalid utf-8' }

const INVALID_FRAME = 'invalid frame length'
const UNKNOWN_TOPIC = 'unknown topic '
const INVALID_TOPIC = 'invalid topic: '
const TIMED_OUT = 'timed out: '
