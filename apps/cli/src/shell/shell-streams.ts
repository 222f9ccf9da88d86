import type { Readable, Writable } from 'node:stream'

/** What the shell talks through. */
export interface ShellStreams {
  readonly input: Readable
  readonly output: Writable
  readonly errors: Writable
  /** True when a person sits at both ends: banner, prompt, line editing, history. */
  readonly terminal: boolean
  readonly colors: boolean
}

/** What became of a line: `refused` was answered `ERR …`, `failed` was not answered. */
export type LineOutcome = 'answered' | 'refused' | 'failed' | 'leave'
