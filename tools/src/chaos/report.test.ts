import { expect } from 'chai'
import { describeFault } from './fault-log.js'
import { Recorder } from './recorder.js'
import { htmlReport } from './report-html.js'
import { textReport } from './report-text.js'
import { summarize, type RunResult } from './run-result.js'

describe('the report of a run', () => {
  it('counts entries, takes, errors and the pause at a fault', () => {
    const { totals, errors, faults, latencies } = result()
    const { sent, acked, unknown, delivered, takesUnknown } = totals
    expect({ sent, acked, unknown, delivered, takesUnknown }).to.deep.equal({
      sent: 4,
      acked: 3,
      unknown: 1,
      delivered: 1,
      takesUnknown: 1,
    })
    expect(errors).to.deep.equal([['TIMED_OUT', 1]])
    expect(faults).to.deep.include({
      kind: 'kill',
      about: 'node 4 is killed',
      beginMs: 1500,
      endMs: 2500,
      pauseMs: 2900,
    })
    expect(latencies.max).to.equal(100)
  })

  it('says in words what was seen and what is wrong', () => {
    const words = textReport(result(['"alpha" something is lost']))
    for (const part of ['seed 7, 5 nodes', '4 sent, 3 acknowledged', 'node 4 is killed', 'TIMED_OUT 1', '2900 ms']) {
      expect(words).to.contain(part)
    }
    expect(words).to.contain('✘ "alpha" something is lost').and.to.contain('1 violations')
  })

  it('is a page that asks for nothing else, whatever is in it', () => {
    const page = htmlReport(result(['</script><script src="https://example.org/x.js"></script>']))
    expect(page).to.not.match(/<(?:script|link|img|iframe)[^>]+(?:src|href)=/i)
    expect(page).to.not.match(/@import|url\(/)
    for (const part of ['--paper:', 'showCharts()', '.uplot', 'var uPlot=', 'Permission is hereby granted']) {
      expect(page).to.contain(part)
    }
    expect(page).to.not.match(/insert [A-Z_]/)
    expect(page.match(/<\/script>/g)).to.have.length(3)
    const [, data] = /<script type="application\/json" id="run">([^]*?)<\/script>/.exec(page) ?? []
    expect((JSON.parse(data ?? '') as RunResult).violations[0]).to.contain('example.org')
  })

  it('tells faults with the ids that nodes have', () => {
    const ids = [1, 2, 8]
    expect(describeFault({ kind: 'partition', side: [0, 2] }, ids)).to.equal('nodes 1, 8 cut off from the others')
    expect(describeFault({ kind: 'bridge', side: [1], bridge: 2 }, ids)).to.equal(
      'node 2 cut off from the others but node 8',
    )
  })
})

function result(violations: readonly string[] = []): RunResult {
  const recorder = new Recorder(['alpha'])
  for (const [askedMs, answeredMs] of [
    [1000, 1100],
    [3900, 4000],
    [4100, 4150],
  ] as const) {
    recorder.put('alpha', [
      { entry: `e${askedMs}`, writer: 'w', sequence: askedMs, outcome: 'acked', askedMs, answeredMs },
    ])
  }
  recorder.put('alpha', [
    { entry: 'late', writer: 'w', sequence: 9000, outcome: 'unknown', askedMs: 4000, answeredMs: 5000 },
  ])
  recorder.take('alpha', { outcome: 'delivered', entry: 'e1000', askedMs: 1200, answeredMs: 1300 })
  recorder.take('alpha', { outcome: 'unknown', askedMs: 1200, answeredMs: 1300 })
  recorder.failed('TIMED_OUT')
  const fault = { fault: { kind: 'kill', seat: 3 }, about: 'node 4 is killed', beginMs: 1500, endMs: 2500 } as const
  const verdict = violations.length === 0 ? 'held' : 'broken'
  const facts = { seed: 7, nodeCount: 5, startedAt: '2026-01-01T00:00:00Z', loadMs: 4200, verdict, violations } as const
  return summarize({ ...facts, recorder, faults: [fault] })
}
