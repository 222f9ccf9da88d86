import { expect } from 'chai'
import { sabotages, type SabotageName } from '../sabotage/sabotages.js'
import { runBitFlips } from './run-bit-flips.js'
import { runSeed } from './run-seed.js'
import type { RunOptions, SeedResult } from './scenario.js'

type Run = (seed: number, options?: RunOptions) => Promise<SeedResult>

async function firstFailure(run: Run, seeds: number, options: RunOptions): Promise<SeedResult | undefined> {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const result = await run(seed, options)
    if (result.failure) return result
  }
  return undefined
}

describe('seeded worlds', function () {
  this.timeout(180_000)

  it('break no promise of the engine, in 5,000 seeds of crashes and faults', async () => {
    const failed = await firstFailure(runSeed, 5000, {})
    expect(failed, `npm run fuzz:wal -- --seed ${failed?.seed}`).to.equal(undefined)
  })

  it('break no promise of the engine, in 500 seeds of bit flips', async () => {
    const failed = await firstFailure(runBitFlips, 500, {})
    expect(failed, `npm run fuzz:wal -- --flips --seed ${failed?.seed}`).to.equal(undefined)
  })

  for (const run of [runSeed, runBitFlips])
    it(`repeat themselves line by line: ${run.name}`, async () => {
      for (const seed of [3, 14, 15, 92]) {
        const [first, second] = [await run(seed, { recording: true }), await run(seed, { recording: true })]
        expect(first.trace.length).to.be.greaterThan(20)
        expect(second.trace).to.deep.equal(first.trace)
      }
    })

  it('differ from seed to seed', async () => {
    const traces = await Promise.all([1, 2].map((seed) => runSeed(seed, { recording: true })))
    expect(traces[0]?.trace).not.to.deep.equal(traces[1]?.trace)
  })
})

describe('an engine with a fault', function () {
  this.timeout(180_000)

  const needsBitFlips: readonly SabotageName[] = ['keeps damage to itself', 'skips what is damaged']

  for (const name of Object.keys(sabotages) as SabotageName[]) {
    const run = needsBitFlips.includes(name) ? runBitFlips : runSeed
    it(`is found within 500 seeds: ${name}`, async () => {
      const found = await firstFailure(run, 500, { sabotage: sabotages[name] })
      expect(found?.failure?.message).to.be.a('string')
    })
  }
})
