import { get } from './get.js'
import { metrics } from './metrics.js'
import { put } from './put.js'
import { register } from './register.js'
import { state } from './state.js'

/** The text dialect, whole. A command exists when it is in this table. */
export const commands = { put, get, register, state, metrics } as const

/** Name of a command: its key in `commands`, and what its parsed request says in `command`. */
export type CommandName = keyof typeof commands

/** What the command is asked. */
export type RequestOf<N extends CommandName> = Parameters<(typeof commands)[N]['requestFrame']>[0]

/** What the command answers, errors included. */
export type ReplyOf<N extends CommandName> = Parameters<(typeof commands)[N]['replyFrame']>[0]

/** Any request of the text dialect. */
export type TextRequest = RequestOf<CommandName>

/** One function for each command; a forgotten one does not compile. */
export type Handlers = { readonly [N in CommandName]: (request: RequestOf<N>) => Promise<ReplyOf<N>> }
