'use strict'

const run = JSON.parse(document.getElementById('run').textContent)
const uPlot = window.uPlot

const KIND_COLOURS = {
  kill: '--red',
  pause: '--orange',
  partition: '--violet',
  'one-way': '--blue',
  bridge: '--teal',
  'slow-links': '--brown',
  'disk-full': '--pink',
  replace: '--green',
}
const kinds = Object.keys(KIND_COLOURS)
const at = run.seconds.map((_, second) => second)

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

function text(id, content) {
  document.getElementById(id).textContent = content
}

function duration(ms) {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
}

function showWords() {
  const { totals, latencies } = run
  const verdicts = {
    held: `every promise was kept under ${run.faults.length} faults`,
    broken: `${run.violations.length} violations`,
    unchecked: 'broken off: the history was not checked',
  }
  text('verdict', verdicts[run.verdict])
  document.getElementById('verdict').className = run.verdict
  const seconds = run.loadMs / 1000
  text('about', `${run.nodeCount} nodes, seed ${run.seed}, ${seconds.toFixed(0)} s of load, begun ${run.startedAt}`)
  const figures = {
    'entries sent': totals.sent.toLocaleString(),
    acknowledged: totals.acked.toLocaleString(),
    'each second': Math.round(totals.acked / Math.max(1, seconds)).toLocaleString(),
    'without an outcome': totals.unknown.toLocaleString(),
    'read back': totals.stored.toLocaleString(),
    'taken at cursors': totals.delivered.toLocaleString(),
    'latency p50': duration(latencies.p50),
    'latency p99': duration(latencies.p99),
    'latency p99.9': duration(latencies.p999),
    'longest pause': duration(Math.max(0, ...run.faults.map(({ pauseMs }) => pauseMs))),
  }
  document.getElementById('figures').replaceChildren(
    ...Object.entries(figures).map(([name, value]) => {
      const box = document.createElement('div')
      box.append(element('dt', name), element('dd', value))
      return box
    }),
  )
  document.getElementById('violations').hidden = run.violations.length === 0
  document.querySelector('#violations ol').replaceChildren(...run.violations.map((words) => element('li', words)))
  document.getElementById('fault-rows').replaceChildren(
    ...run.faults.map(({ beginMs, endMs, pauseMs, about }) => {
      const row = document.createElement('tr')
      const cells = [`${(beginMs / 1000).toFixed(1)} s`, duration(endMs - beginMs), duration(pauseMs), about]
      row.append(...cells.map((words) => element('td', words)))
      return row
    }),
  )
}

function element(name, words) {
  const made = document.createElement(name)
  made.textContent = words
  return made
}

/** Light bands behind the lines of a chart, one for each fault. */
function bands(chart) {
  const { ctx, bbox } = chart
  ctx.save()
  ctx.globalAlpha = 0.1
  for (const { kind, beginMs, endMs } of run.faults) {
    const [left, right] = span(chart, beginMs, endMs)
    ctx.fillStyle = colour(KIND_COLOURS[kind])
    ctx.fillRect(left, bbox.top, right - left, bbox.height)
  }
  ctx.restore()
}

/** A lane for each kind of fault, and a bar for each fault. */
function lanes(chart) {
  const { ctx, bbox } = chart
  const height = bbox.height / kinds.length
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const { kind, beginMs, endMs } of run.faults) {
    const [left, right] = span(chart, beginMs, endMs)
    ctx.fillStyle = colour(KIND_COLOURS[kind])
    ctx.fillRect(left, bbox.top + kinds.indexOf(kind) * height + 2, Math.max(2, right - left), height - 4)
  }
  ctx.restore()
}

/** Clipped to what is shown. */
function span(chart, beginMs, endMs) {
  const { left, width } = chart.bbox
  return [beginMs, endMs].map((ms) => Math.min(left + width, Math.max(left, chart.valToPos(ms / 1000, 'x', true))))
}

function showUnderCursor(chart) {
  const { idx } = chart.cursor
  if (idx == null) return text('under-cursor', ' ')
  const second = chart.data[0][idx]
  const there = run.faults.filter(({ beginMs, endMs }) => beginMs / 1000 <= second + 1 && endMs / 1000 >= second)
  text('under-cursor', `${second} s: ${there.map(({ about }) => about).join('; ') || 'calm'}`)
}

function axis(options) {
  const line = { stroke: colour('--line'), width: 1 }
  return { stroke: colour('--faint'), grid: line, ticks: line, ...options }
}

function chart(id, { series, data, height = 190, scale = {}, hooks = {}, axisOptions = {} }) {
  const place = document.getElementById(id)
  place.replaceChildren()
  const options = {
    width: place.clientWidth,
    height,
    cursor: { sync: { key: 'run' }, drag: { x: true, y: false } },
    scales: { x: { time: false, range: (_, min, max) => [min, Math.max(max, min + 1)] }, y: scale },
    axes: [axis({ values: (_, ticks) => ticks.map((tick) => `${tick} s`) }), axis({ size: 84, ...axisOptions })],
    series: [{ label: 'second' }, ...series],
    hooks: { setCursor: [showUnderCursor], ...hooks },
    legend: { show: series.length > 0 && id !== 'faults' },
  }
  return new uPlot(options, [at, ...data], place)
}

function line(label, name, extra = {}) {
  return { label, stroke: colour(name), width: 1.5, points: { show: false }, ...extra }
}

function errorCodes() {
  const codes = new Set(run.seconds.flatMap(({ errors }) => Object.keys(errors)))
  return [...codes].sort()
}

let charts = []

function showCharts() {
  for (const one of charts) one.destroy()
  const behind = { drawAxes: [bands] }
  const palette = ['--red', '--orange', '--violet', '--blue', '--teal', '--brown', '--pink', '--green']
  const codes = errorCodes()
  // On a scale of powers of ten there is no place for nothing.
  const some = (value) => (value > 0 ? Math.max(0.1, value) : null)
  charts = [
    chart('faults', {
      height: 36 + kinds.length * 24,
      series: [{ label: '', stroke: 'transparent' }],
      data: [at.map(() => null)],
      scale: { range: [0, kinds.length] },
      hooks: { draw: [lanes] },
      axisOptions: {
        splits: () => kinds.map((_, lane) => kinds.length - lane - 0.5),
        values: () => kinds,
        grid: { show: false },
        ticks: { show: false },
      },
    }),
    chart('throughput', {
      series: [line('acknowledged', '--blue'), line('taken', '--green')],
      data: [run.seconds.map(({ acked }) => acked), run.seconds.map(({ delivered }) => delivered)],
      hooks: behind,
    }),
    chart('latency', {
      series: [line('p50', '--green'), line('p99', '--orange'), line('longest', '--red')],
      data: ['p50', 'p99', 'max'].map((name) => run.seconds.map((second) => some(second[name]))),
      scale: { distr: 3 },
      hooks: behind,
    }),
    chart('errors', {
      series: codes.map((code, index) => line(code, palette[index % palette.length])),
      data: codes.map((code) => run.seconds.map(({ errors }) => errors[code] ?? 0)),
      hooks: behind,
    }),
  ]
}

showWords()
showCharts()
window.addEventListener('resize', () => showCharts())
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => showCharts())
