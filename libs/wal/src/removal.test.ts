import { FaultyDisk, type DiskFault, type DiskOperation } from '@walrus/testing'
import { expect } from 'chai'
import { geometryWithin } from './format/geometry.js'
import {
  bytesOf,
  damageIn,
  failureOf,
  openWalrus,
  paddedEntry,
  problemList,
  readAll,
  SMALL,
  textsOf,
} from './harness.test.js'

const SETTINGS = { segmentBytesMax: 700 } as const
const FILE_BLOCKS = geometryWithin(SMALL.fileBytes, SMALL.blockBytes, 1).blockCount
const loseAll = (): number => 0.999999

/** A disk on which writes fail while it is told to; durable ones do not. */
class MoodyDisk {
  failing = false
  readonly disk = new FaultyDisk({ onOperation: (operation) => this.#verdict(operation) })

  #verdict({ kind, moment }: DiskOperation): DiskFault | undefined {
    return this.failing && kind === 'write' && moment === 'before' ? 'EIO' : undefined
  }
}

describe('removing entries', () => {
  it('does not begin a topic anew when all that it keeps was written and never synced', async () => {
    const disk = new FaultyDisk()
    const settings = { ...SETTINGS, fsync: { kind: 'none' } } as const
    const walrus = await openWalrus(disk, settings)
    for (let nth = 0; nth < 9; nth += 1) await walrus.append('logs', paddedEntry(`entry ${nth}`, 400))
    await walrus.truncateBefore('logs', 8)
    const crashed = disk.crash(loseAll)
    expect(await damageIn(crashed)).to.deep.equal([])
    const { problems, onProblem } = problemList()
    const again = await openWalrus(crashed, { ...settings, onProblem })
    expect(await again.append('logs', bytesOf('next'))).to.be.at.least(8)
    expect(problems).to.deep.equal([])
  })

  it('is tried again when it has failed', async () => {
    const mood = new MoodyDisk()
    const { problems, onProblem } = problemList()
    const walrus = await openWalrus(mood.disk, { ...SETTINGS, onProblem })
    for (let nth = 0; nth < 9; nth += 1) await walrus.append('logs', paddedEntry(`entry ${nth}`, 400))
    const allocatedBytes = walrus.statistics().allocatedBytes
    mood.failing = true
    expect((await failureOf(walrus.truncateBefore('logs', 6))).code).to.equal('IO_FAILED')
    mood.failing = false
    expect(walrus.statistics().allocatedBytes).to.equal(allocatedBytes)
    await walrus.enforceRetention()
    expect(walrus.statistics().allocatedBytes).to.be.lessThan(allocatedBytes)
    await walrus.close()
    const again = await openWalrus(mood.disk, SETTINGS)
    expect((await readAll(again, 'logs', 6)).map((text) => text.slice(0, 7))).to.deep.equal([
      'entry 6',
      'entry 7',
      'entry 8',
    ])
    expect(problems).to.deep.equal([])
  })

  it('of a whole topic is tried again, and its name is not free before', async () => {
    const mood = new MoodyDisk()
    const walrus = await openWalrus(mood.disk, SETTINGS)
    for (let nth = 0; nth < 3; nth += 1) await walrus.append('logs', paddedEntry(`entry ${nth}`, 400))
    mood.failing = true
    expect((await failureOf(walrus.deleteTopic('logs'))).code).to.equal('IO_FAILED')
    mood.failing = false
    expect((await failureOf(walrus.append('logs', bytesOf('too early')))).code).to.equal('UNAVAILABLE')
    await walrus.deleteTopic('logs')
    expect(await walrus.append('logs', bytesOf('first'))).to.equal(0)
    await walrus.close()
    expect(await readAll(await openWalrus(mood.disk), 'logs')).to.deep.equal(['first'])
  })

  it('is refused where the file that would say so has failed, and nothing is missing then', async () => {
    const broken = new Set<string>()
    let breaking = false
    const disk = new FaultyDisk({
      onOperation: ({ kind, moment, file }) => {
        if (breaking && kind === 'write') broken.add(file)
        return kind === 'sync' && moment === 'before' && broken.has(file) ? 'EIO' : undefined
      },
    })
    const settings = { segmentBytesMax: 2000, fsync: { kind: 'none' } } as const
    const walrus = await openWalrus(disk, settings)
    for (let nth = 0; nth < FILE_BLOCKS; nth += 1) await walrus.append('logs', paddedEntry(`entry ${nth}`, 3000))
    expect(walrus.statistics().fileCount).to.equal(1)
    await walrus.append('logs', bytesOf('sure'))
    expect(walrus.statistics().fileCount).to.equal(2)
    await walrus.sync()
    breaking = true
    await walrus.append('logs', bytesOf('unsure'))
    breaking = false
    expect((await failureOf(walrus.sync())).code).to.equal('FILE_FAILED')
    expect((await failureOf(walrus.truncateBefore('logs', FILE_BLOCKS))).code).to.equal('FILE_FAILED')
    const { problems, onProblem } = problemList()
    const again = await openWalrus(disk.kill(), { ...settings, onProblem })
    expect(textsOf(await again.read('logs', 0))).to.deep.equal(['sure', 'unsure'])
    expect(problems).to.deep.equal([])
  })
})
