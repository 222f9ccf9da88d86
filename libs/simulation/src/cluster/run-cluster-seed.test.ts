import type { TracedEvent } from '@walrus/adapters-fs'
import { expect } from 'chai'
import { planCluster } from './plan.js'
import { runClusterSeed } from './run-cluster-seed.js'

describe('a simulated cluster', function () {
  this.timeout(120_000)

  it('keeps every promise, whatever fails', async () => {
    const results = []
    for (let seed = 1; seed <= 8; seed += 1) results.push(await runClusterSeed(seed))
    expect(results.filter(({ failure }) => failure !== undefined)).to.deep.equal([])
    expect(results.reduce((sum, { faultCount }) => sum + faultCount, 0)).to.be.above(40)
    for (const { seed, acknowledged } of results) expect(acknowledged, `seed ${seed}`).to.be.above(5)
  })

  it('does the same again', async () => {
    for (const seed of [3, 11]) {
      const one = await runClusterSeed(seed, { recording: true })
      const again = await runClusterSeed(seed, { recording: true })
      expect(again.lines).to.deep.equal(one.lines)
      expect(again.hash).to.equal(one.hash)
    }
  })

  it('does the same when its steps are traced, and each life of a node numbers its own', async () => {
    const events: TracedEvent[] = []
    const traced = await runClusterSeed(3, { onEvent: (event) => void events.push(event) })
    expect(traced.hash).to.equal((await runClusterSeed(3)).hash)
    const numbers = new Map<number, number>()
    for (const { node, number } of events) {
      expect([1, (numbers.get(node) ?? 0) + 1]).to.include(number)
      numbers.set(node, number)
    }
    const kinds = new Set(events.map(({ kind }) => kind))
    expect([...kinds]).to.include.members([
      'node-opened',
      'metadata-applied',
      'appended',
      'taken',
      'committed',
      'fenced',
    ])
  })

  it('does something else with another seed', async () => {
    expect((await runClusterSeed(1)).hash).to.not.equal((await runClusterSeed(2)).hash)
    expect(planCluster(5)).to.deep.equal(planCluster(5))
  })

  it('leaves out what it is told to', async () => {
    const { lines, faultCount } = await runClusterSeed(3, { recording: true, faultsMax: 4, without: new Set([2]) })
    expect(faultCount).to.equal(4)
    const faults = lines.flatMap((line) => /fault (\d+):/.exec(line)?.[1] ?? [])
    expect(faults).to.deep.equal(['1', '3', '4'])
  })
})
