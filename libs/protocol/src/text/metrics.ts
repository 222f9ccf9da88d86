import { frame } from '../frame/frame-writer.js'
import type { ErrorReply, JsonReply } from './replies.js'
import { readError, readJson, replyFrame } from './replies.js'
import type { TextCommand } from './text-command.js'
import { asciiBytes } from './tokens.js'

/*
 *   request   ┌─────────┬─ ─ ─ ─ ─ ─ ─┐
 *             │ METRICS │ ␠ ignored   │
 *             └─────────┴─ ─ ─ ─ ─ ─ ─┘
 *   reply     JSON in indented lines, without OK in front  or  ERR
 */

/** Show the consensus as the answering node sees it. */
export interface MetricsRequest {
  readonly command: 'metrics'
}

/** The document, with the field names that the original's tools look for. */
export type MetricsReply = JsonReply | ErrorReply

/** `METRICS` */
export const metrics: TextCommand<MetricsRequest, MetricsReply> = {
  verb: 'METRICS',
  parse: () => REQUEST,
  requestFrame: () => frame(asciiBytes('METRICS')),
  replyFrame,
  readReply: (bytes, start, end) => readJson(bytes, start, end) ?? readError(bytes, start, end),
}

const REQUEST: MetricsRequest = { command: 'metrics' }
