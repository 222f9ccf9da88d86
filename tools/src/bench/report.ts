import Table from 'cli-table3'
import type { Result } from './measure.js'

/** The results as a table for a terminal. */
export function renderTable(results: readonly Result[]): string {
  const head = ['case', 'median', 'spread', 'unit', 'p50 µs', 'p99 µs', 'p999 µs', 'of limit', 'budget', 'verdict']
  const table = new Table({ head, style: { head: [], border: [] }, colAligns: ['left', 'right', 'right'] })
  for (const result of results) table.push(cells(result))
  return table.toString()
}

function cells(result: Result): string[] {
  const { latency, limit } = result
  return [
    result.what,
    figure(result.median),
    `${figure(result.min)} … ${figure(result.max)}`,
    result.unit,
    latency ? figure(latency.p50) : '',
    latency ? figure(latency.p99) : '',
    latency ? figure(latency.p999) : '',
    limit ? `${limit.ratio.toFixed(2)} ×` : '',
    result.mustReach === undefined ? '' : `${result.better === 'more' ? '≥' : '≤'} ${figure(result.mustReach)}`,
    result.verdict ?? '',
  ]
}

function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })
}
