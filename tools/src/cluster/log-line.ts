import pc from 'picocolors'

/** Fields with a place of their own; the node is the label. */
const SHOWN_FIRST = new Set(['level', 'time', 'msg', 'node'])

const COLOURS = [pc.cyan, pc.yellow, pc.magenta, pc.green, pc.blue, pc.red]

/** How the lines of a node begin: its id, in its colour. */
export function nodeLabel(id: number): string {
  const colour = COLOURS[(id - 1) % COLOURS.length] ?? pc.white
  return colour(`node ${id} │`)
}

/**
 * A record of a broker's log as a line for people: time, level, message, and the other fields as `name=value`. What is no
 * record is shown as it is; the ready line, which is shown by whoever waits for it, is not.
 */
export function logLine(line: string): string | undefined {
  if (line.includes(' is ready: clients on ')) return undefined
  const record = parse(line)
  if (record === undefined) return line
  const others = Object.entries(record).filter(([name]) => !SHOWN_FIRST.has(name))
  const fields = others.map(([name, value]) => pc.dim(`${name}=${valueText(value)}`))
  return [pc.dim(clockTime(record['time'])), levelText(record['level']), String(record['msg'] ?? ''), ...fields].join(
    ' ',
  )
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function clockTime(time: unknown): string {
  return typeof time === 'string' ? time.slice(11, 23) : ''
}

function levelText(level: unknown): string {
  const value = typeof level === 'number' ? level : 30
  if (value >= 50) return pc.red(value >= 60 ? 'FATAL' : 'ERROR')
  if (value >= 40) return pc.yellow('WARN')
  return value >= 30 ? 'INFO' : pc.dim('DEBUG')
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
