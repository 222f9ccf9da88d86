import { commands } from '@walrus/protocol'

/** What a typed line asks for. */
export type LineMeaning =
  | { readonly kind: 'blank' }
  | { readonly kind: 'leave' }
  /** The bytes to send. */
  | { readonly kind: 'command'; readonly request: Buffer }

/** The broker takes its verbs in upper case only; the shell takes these in any case. */
const VERBS: ReadonlySet<string> = new Set(Object.values(commands).map(({ verb }) => verb))

const LEAVE = new Set(['exit', 'quit', 'q'])

/** Blanks around a line mean nothing, except behind a PUT: `PUT t ` is an empty entry, and entries may end in blanks. */
export function meaningOf(line: Buffer): LineMeaning {
  const text = line.toString('latin1').replace(/^[ \t]+/, '')
  const words = text.trimEnd()
  if (words === '') return { kind: 'blank' }
  if (LEAVE.has(words.toLowerCase())) return { kind: 'leave' }
  return { kind: 'command', request: Buffer.from(withUpperVerb(text, words), 'latin1') }
}

function withUpperVerb(text: string, words: string): string {
  const verb = /^[A-Za-z]*/.exec(words)?.[0] ?? ''
  const upper = verb.toUpperCase()
  const known = VERBS.has(upper) && (words.length === verb.length || words[verb.length] === ' ')
  if (!known) return text
  return upper + (upper === commands.put.verb ? text : words).slice(verb.length)
}
