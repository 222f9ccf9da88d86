/** One argument of a command: `key`, `key=value` or `key=(value, value)`. */
export interface Argument {
  readonly key: string
  /** Empty when the argument is positional. */
  readonly values: readonly string[]
}

/** One command of a scenario with what it is expected to print. */
export interface Directive {
  readonly command: string
  readonly args: readonly Argument[]
  readonly input: string
  readonly expected: string
  /** Line of the command in the file, from 1. */
  readonly line: number
}

/** A file as directives, and the lines before and between them, for writing it again. */
export interface ScenarioFile {
  readonly directives: readonly Directive[]
  /** One more than there are directives: what stands before each (comments, command, input) and after the last. */
  readonly surroundings: readonly (readonly string[])[]
}

const separator = '----'

/** Reads a file of the data-driven form: comments, a command, its input, `----`, the expected output, an empty line. */
export function parseScenario(text: string): ScenarioFile {
  const lines = text.split('\n')
  const directives: Directive[] = []
  const surroundings: string[][] = []
  let before: string[] = []
  let at = 0
  while (at < lines.length) {
    const line = lines[at] ?? ''
    if (line.trim() === '' || line.trim().startsWith('#')) {
      before.push(line)
      at++
      continue
    }
    const { directive, head, end } = parseDirective(lines, at)
    directives.push(directive)
    surroundings.push([...before, ...head])
    before = []
    at = end
  }
  return { directives, surroundings: [...surroundings, before] }
}

/** The file with other outputs; `outputs` has one for each directive. */
export function rewriteScenario(file: ScenarioFile, outputs: readonly string[]): string {
  const lines: string[] = []
  file.directives.forEach((_, at) => {
    const output = (outputs[at] ?? '').replace(/\n$/, '')
    lines.push(...(file.surroundings[at] ?? []))
    const mark =
      output.split('\n').some((line) => line.trim() === '') && output !== '' ? [separator, separator] : [separator]
    lines.push(...mark, ...(output === '' ? [] : output.split('\n')))
    if (mark.length > 1) lines.push(...mark)
  })
  lines.push(...(file.surroundings[file.directives.length] ?? []))
  return lines.join('\n')
}

interface ParsedDirective {
  readonly directive: Directive
  readonly head: readonly string[]
  readonly end: number
}

function parseDirective(lines: readonly string[], start: number): ParsedDirective {
  let at = start
  let commandLine = (lines[at++] ?? '').trim()
  while (commandLine.endsWith('\\')) commandLine = `${commandLine.slice(0, -1).trim()} ${(lines[at++] ?? '').trim()}`
  const input: string[] = []
  while (at < lines.length && lines[at] !== separator) input.push(lines[at++] ?? '')
  if (at >= lines.length) throw new Error(`Cannot read the command in line ${start + 1}: no ---- follows`)
  const head = lines.slice(start, at)
  const { expected, end } = parseExpected(lines, at + 1)
  const [command = '', ...rest] = splitCommand(commandLine)
  const directive = {
    command,
    args: rest.map(parseArgument),
    input: input.join('\n').trim(),
    expected,
    line: start + 1,
  }
  return { directive, head, end }
}

/** Up to an empty line; after a second `----` up to two more of them, so that outputs may hold empty lines. */
function parseExpected(lines: readonly string[], start: number): { readonly expected: string; readonly end: number } {
  let at = start
  const expected: string[] = []
  if (lines[at] !== separator) {
    while (at < lines.length && (lines[at] ?? '').trim() !== '') expected.push(lines[at++] ?? '')
    return { expected: expected.join('\n'), end: at }
  }
  at++
  while (at < lines.length && !(lines[at] === separator && lines[at + 1] === separator))
    expected.push(lines[at++] ?? '')
  return { expected: expected.join('\n'), end: Math.min(at + 2, lines.length) }
}

/** Splits at blanks outside of parentheses. */
function splitCommand(line: string): string[] {
  const words: string[] = []
  let word = ''
  let depth = 0
  for (const char of line) {
    if (char === '(') depth++
    if (char === ')') depth--
    if (/\s/.test(char) && depth === 0) {
      if (word !== '') words.push(word)
      word = ''
    } else {
      word += char
    }
  }
  if (word !== '') words.push(word)
  return words
}

function parseArgument(word: string): Argument {
  const equals = word.indexOf('=')
  if (equals < 0) return { key: word, values: [] }
  const key = word.slice(0, equals)
  const value = word.slice(equals + 1)
  if (!value.startsWith('(') || !value.endsWith(')')) return { key, values: [value] }
  const inner = value.slice(1, -1).trim()
  return { key, values: inner === '' ? [] : splitList(inner) }
}

/** Splits at commas outside of parentheses. */
function splitList(text: string): string[] {
  const values: string[] = []
  let value = ''
  let depth = 0
  for (const char of text) {
    if (char === '(') depth++
    if (char === ')') depth--
    if (char === ',' && depth === 0) {
      values.push(value.trim())
      value = ''
    } else {
      value += char
    }
  }
  values.push(value.trim())
  return values
}
