import Table from 'cli-table3'

/** What stands in a column. */
export type Cell = string | number

/** Rows under a head, with an empty line behind them. Numbers stand at the right. */
export function table(head: string[], rows: readonly Cell[][]): string {
  const colAligns = head.map((_, at) => (typeof rows[0]?.[at] === 'number' ? ('right' as const) : ('left' as const)))
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 }
  const drawn = new Table({ head, colAligns, chars: PLAIN, style })
  drawn.push(...rows.map((row) => [...row]))
  const lines = drawn.toString().split('\n')
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n\n`
}

const EDGE_NAMES = ['top', 'bottom', 'left', 'right', 'mid'].flatMap((edge) =>
  edge === 'mid' ? ['mid', 'mid-mid', 'left-mid', 'right-mid'] : [edge, `${edge}-mid`, `${edge}-left`, `${edge}-right`],
)
/** Columns without rules, so that a line can be cut out with the usual tools. */
const PLAIN = { ...Object.fromEntries(EDGE_NAMES.map((name) => [name, ''])), middle: '  ' }
