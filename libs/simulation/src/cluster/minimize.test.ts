import { expect } from 'chai'
import { minimize, type Minimized } from './minimize.js'

/** A run that fails when all of these faults happen. */
function failsWith(...needed: readonly number[]) {
  let runs = 0
  const run = async ({ faultsMax, without }: Minimized): Promise<{ readonly failure: string | undefined }> => {
    runs += 1
    return { failure: needed.every((fault) => fault <= faultsMax && !without.includes(fault)) ? 'broken' : undefined }
  }
  return { run, runs: () => runs }
}

describe('a failure with fewer faults', () => {
  it('has none that is not needed', async () => {
    const { run } = failsWith(3, 7)
    expect(await minimize(run, 20)).to.deep.equal({ faultsMax: 7, without: [1, 2, 4, 5, 6] })
  })

  it('has none at all when none is needed', async () => {
    expect(await minimize(failsWith().run, 20)).to.deep.equal({ faultsMax: 0, without: [] })
  })

  it('is as good as the runs that it may take', async () => {
    const { run, runs } = failsWith(60, 90)
    const found = await minimize(run, 100, 15)
    expect(found.faultsMax).to.equal(90)
    expect(runs()).to.equal(15)
  })
})
