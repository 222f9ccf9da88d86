import { FaultyDisk, seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { damageIn, failureOf, openWalrus, paddedEntry, problemList, textsOf, bytesOf } from './harness.test.js'

const keepAll = (): number => 0
const loseAll = (): number => 0.999999

/** Ten entries of a kilobyte each, in an open run. */
async function crashedDisk(): Promise<FaultyDisk> {
  const disk = new FaultyDisk()
  const walrus = await openWalrus(disk)
  for (let nth = 0; nth < 10; nth += 1) await walrus.append('logs', paddedEntry(`logs-${nth}`, 1000))
  await walrus.readBatch('logs', { maxEntries: 2 })
  return disk.crash(keepAll)
}

function flip(disk: FaultyDisk, text: string): void {
  for (const file of disk.fileNames) {
    const at = Buffer.from(disk.contents(file) ?? []).indexOf(text)
    if (at >= 0) disk.flipBit(file, at)
  }
}

describe('sealing a topic at its damage', () => {
  it('lets the topic go on, behind all of which a trace is left, and keeps the damage damaged', async () => {
    const disk = await crashedDisk()
    flip(disk, 'logs-4 ')
    const walrus = await openWalrus(disk)
    expect((await failureOf(walrus.append('logs', bytesOf('refused')))).code).to.equal('CORRUPT_DATA')
    expect(await walrus.sealAtDamage('logs')).to.deep.equal({ fromOffset: 4, nextOffset: 10 })
    expect(await walrus.append('logs', bytesOf('ten'))).to.equal(10)

    await expectSealed(walrus)
    await walrus.close()
    await expectSealed(await openWalrus(disk.crash(loseAll)))

    async function expectSealed(again: typeof walrus): Promise<void> {
      expect(textsOf(await again.read('logs', 0)).length).to.equal(4)
      for (const offset of [4, 9]) expect((await failureOf(again.read('logs', offset))).code).to.equal('CORRUPT_DATA')
      expect(textsOf(await again.read('logs', 10))).to.deep.equal(['ten'])
      expect(again.endOffset('logs')).to.equal(11)
    }
  })

  it('leaves the cursors before it, to be moved', async () => {
    const disk = await crashedDisk()
    flip(disk, 'logs-4 ')
    const walrus = await openWalrus(disk)
    const givenUp = await walrus.sealAtDamage('logs')
    await walrus.append('logs', bytesOf('ten'))
    expect((await walrus.readBatch('logs')).map(({ offset }) => offset)).to.deep.equal([0, 1, 2, 3])
    expect((await failureOf(walrus.readNext('logs'))).code).to.equal('CORRUPT_DATA')
    await walrus.cursor('logs', 'audit').seek({ offset: givenUp!.nextOffset })
    expect((await walrus.cursor('logs', 'audit').next())?.offset).to.equal(10)
  })

  it('goes on where it is told, if that is further', async () => {
    const disk = await crashedDisk()
    flip(disk, 'logs-4 ')
    const walrus = await openWalrus(disk)
    expect(await walrus.sealAtDamage('logs', { nextOffset: 25 })).to.deep.equal({ fromOffset: 4, nextOffset: 25 })
    await walrus.close()
    const again = await openWalrus(disk)
    expect(await again.append('logs', bytesOf('next'))).to.equal(25)
    expect((await failureOf(again.read('logs', 20))).code).to.equal('CORRUPT_DATA')
    for (const nextOffset of [-1, 0.5, NaN])
      expect((await failureOf(again.sealAtDamage('logs', { nextOffset }))).code).to.equal('INVALID_ARGUMENT')
  })

  it('does nothing where a topic takes entries, or does not exist', async () => {
    const walrus = await openWalrus(await crashedDisk())
    expect(await walrus.sealAtDamage('logs')).to.equal(undefined)
    expect(await walrus.sealAtDamage('other')).to.equal(undefined)
    expect(await walrus.append('logs', bytesOf('ten'))).to.equal(10)
    expect(walrus.topics()).to.deep.equal(['logs'])
  })

  it('has the space of what was damaged back when that is truncated, runs behind the damage too', async () => {
    const disk = new FaultyDisk()
    const walrus = await openWalrus(disk)
    for (let nth = 0; nth < 40; nth += 1) await walrus.append('logs', paddedEntry(`logs-${nth}`, 1000))
    const crashed = disk.crash(keepAll)
    for (const text of ['logs-4 ', 'logs-30 ']) flip(crashed, text)
    const again = await openWalrus(crashed)
    const givenUp = await again.sealAtDamage('logs')
    expect(givenUp?.nextOffset).to.equal(40)
    await again.append('logs', bytesOf('forty'))
    await again.truncateBefore('logs', 40)
    expect(again.statistics().allocatedBytes).to.be.lessThan(20_000)
    await again.close()
    expect(await damageIn(crashed)).to.deep.equal([])
    const { problems, onProblem } = problemList()
    const last = await openWalrus(crashed, { onProblem })
    expect(textsOf(await last.read('logs', 0))).to.deep.equal(['forty'])
    expect(problems).to.deep.equal([])
  })

  it('is on record when it resolves, and else undone, wherever the power goes', async () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const disk = await crashedDisk()
      flip(disk, 'logs-4 ')
      const walrus = await openWalrus(disk, { fsync: { kind: 'none' } })
      let sealed = false
      void walrus.sealAtDamage('logs').then(() => (sealed = true))
      for (let turn = 0; turn < seed; turn += 1) await Promise.resolve()
      const isSealed = sealed
      const again = await openWalrus(disk.crash(seededRandom(seed)))
      const [appended] = await Promise.allSettled([again.append('logs', bytesOf('more'))])
      if (isSealed) expect(appended).to.deep.equal({ status: 'fulfilled', value: 10 })
      else if (appended.status === 'fulfilled') expect(appended.value).to.equal(10)
      else expect(appended.reason).to.have.property('code', 'CORRUPT_DATA')
    }
  })
})
