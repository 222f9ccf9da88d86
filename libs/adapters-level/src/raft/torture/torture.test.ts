import { temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { join } from 'node:path'
import { runByteFlips } from './byte-flips.js'
import { runKillCycles } from './kill-cycles.js'

describe('Raft log in LevelDB, tortured', function () {
  this.timeout(120_000)
  let folder: TemporaryFolder
  beforeEach(async () => (folder = await temporaryFolder()))
  afterEach(() => folder.remove())

  it('loses nothing to 20 kills, and shows no half of a write', async () => {
    const steps = await runKillCycles({ directory: join(folder.path, 'log'), seed: 4, cycles: 20 })
    expect(steps).to.be.at.least(20)
  })

  it('is whole or refused, whichever byte of whichever file changes', async () => {
    const { whole, refused, ended } = await runByteFlips({ folder: folder.path, seed: 11, flipsPerFile: 40 })
    expect(ended, 'ended by LevelDB').to.equal(0)
    expect(refused).to.be.above(100)
    expect(whole).to.be.above(10)
  })
})
