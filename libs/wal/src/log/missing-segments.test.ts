import { EMPTY_TOPIC_STATE, type NewSegment, type SegmentLog } from '@walrus/core'
import { FaultyDisk, seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { damageIn, failureOf, openStorage, openWalrus, paddedEntry, problemList, bytesOf } from '../harness.test.js'

const FIRST = '000000000001'
const loseAll = (): number => 0.999999
const NONE = { fsync: { kind: 'none' } } as const

function segment(id: number, baseOffset: number): NewSegment {
  return { topic: 'logs', segment: id, baseOffset, epoch: 1, topicState: EMPTY_TOPIC_STATE }
}

async function append(log: SegmentLog, text: string): Promise<void> {
  await log.append(bytesOf(text)).done()
}

describe('whole segments that are missing', () => {
  it('are told at open and by the inspector where they were the oldest, and nobody has removed them', async () => {
    const disk = new FaultyDisk({
      onOperation: ({ kind, moment, file }) =>
        kind === 'sync' && moment === 'before' && file === FIRST ? 'EIO' : undefined,
    })
    const walrus = await openWalrus(disk, { ...NONE, segmentBytesMax: 2000 })
    for (let nth = 0; nth < 30; nth += 1) {
      await walrus.append('logs', paddedEntry(`entry ${nth}`, 2000))
      if (nth > 20) await walrus.sync().catch(() => undefined)
    }
    const crashed = disk.crash(loseAll, { onOperation: () => undefined })
    const damage = await damageIn(crashed)
    const { problems, onProblem } = problemList()
    const again = await openWalrus(crashed, { ...NONE, onProblem })
    const startOffset = again.startOffset('logs')
    expect(startOffset).to.be.greaterThan(1).and.lessThan(30)
    const what = `entries up to offset ${startOffset} are missing, with the segments that held them`
    expect(problems).to.deep.equal([`Cannot read the beginning of topic "logs": ${what}`])
    expect(damage).to.deep.include({ severity: 'damage', kind: 'missing', topic: 'logs', segment: startOffset, what })
  })

  it('are no damage where they were removed', async () => {
    const disk = new FaultyDisk()
    const walrus = await openWalrus(disk, { ...NONE, segmentBytesMax: 2000 })
    for (let nth = 0; nth < 9; nth += 1) await walrus.append('logs', paddedEntry(`entry ${nth}`, 900))
    await walrus.truncateBefore('logs', 6)
    for (let seed = 0; seed < 20; seed += 1) {
      const crashed = disk.crash(seededRandom(seed))
      expect(await damageIn(crashed), `seed ${seed}`).to.deep.equal([])
    }
  })

  it('are told between others, with their offsets', async () => {
    const disk = new FaultyDisk()
    const storage = await openStorage(disk)
    for (const id of [1, 2, 4]) await append(storage.create(segment(id, id - 1)), `entry ${id}`)
    await storage.close()
    const { problems, onProblem } = problemList()
    await openStorage(disk, { onProblem })
    const what = 'entries up to offset 3 are missing, with the segments that held them'
    expect(problems).to.deep.equal([`Cannot read offset 2 of topic "logs": ${what}`])
  })

  it('are a torn tail where a power loss took them, over a segment without entries between', async () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const disk = new FaultyDisk()
      const storage = await openStorage(disk, NONE)
      const logs = [segment(1, 0), segment(2, 1), segment(3, 1)].map((one) => storage.create(one))
      await append(logs[0]!, 'first')
      for (const log of logs.slice(0, 2)) await log.seal({ durable: false })
      await append(logs[2]!, 'second')
      const { problems, onProblem } = problemList()
      const again = await openStorage(disk.crash(seededRandom(seed)), { ...NONE, onProblem })
      const left = [...again.segments()].filter(({ entryCount }) => entryCount > 0).map((log) => log.segment)
      expect(['', '1', '1,3'], `seed ${seed}`).to.include(left.sort().join())
      expect(problems, `seed ${seed}`).to.deep.equal([])
    }
  })

  it('are damage, and nothing is freed, where the file with the beginning of a segment is gone', async () => {
    const disk = new FaultyDisk()
    const walrus = await openWalrus(disk)
    for (let nth = 0; nth < 40; nth += 1) await walrus.append('logs', paddedEntry(`entry ${nth}`, 4000))
    await walrus.close()
    const directory = await disk.open()
    await directory.remove(FIRST)
    await directory.close()
    const found = (await damageIn(disk)).map(({ kind, offset }) => ({ kind, offset }))
    const { problems, onProblem } = problemList()
    const again = await openWalrus(disk, { onProblem })
    expect(problems[0]).to.match(/^Cannot read offset 0 of topic "logs" segment 1 .* entries up to \d+ are missing$/)
    expect((await failureOf(again.read('logs', 0))).code).to.equal('CORRUPT_DATA')
    await again.close()
    expect((await damageIn(disk)).map(({ kind, offset }) => ({ kind, offset }))).to.deep.equal(found)
    expect(found[0]).to.deep.equal({ kind: 'missing', offset: 0 })
  })
})
