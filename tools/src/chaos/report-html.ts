import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunResult } from './run-result.js'

/** The run as one page that needs nothing else: a timeline of faults, throughput, latency and errors, in light and dark. */
export function htmlReport(result: RunResult): string {
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'))
  const parts: Readonly<Record<string, string>> = {
    CHART_LICENSE: readFileSync(join(uplot, 'LICENSE'), 'utf8').replaceAll('--', '—'),
    CHART_STYLE: readFileSync(join(uplot, 'dist', 'uPlot.min.css'), 'utf8'),
    CHART_SCRIPT: readFileSync(join(uplot, 'dist', 'uPlot.iife.min.js'), 'utf8'),
    PAGE_STYLE: pagePart('chaos.css'),
    PAGE_SCRIPT: pagePart('chaos.js'),
    // No entry's name can end the element that holds the data.
    RUN: JSON.stringify(result).replaceAll('<', '\\u003c'),
  }
  return pagePart('chaos.html').replace(PLACE, (_, name: string) => parts[name] ?? '')
}

function pagePart(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../pages/${name}`, import.meta.url)), 'utf8')
}

/** Where a part belongs: a comment in styles and scripts, a string in JSON. */
const PLACE = /(?:\/\* |")?insert ([A-Z_]+)(?: \*\/|")?/g
