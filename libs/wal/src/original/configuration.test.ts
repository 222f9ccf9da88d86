import { expect } from 'chai'
import { bytesOf, failureOf, readAll, textOf } from '../harness.test.js'
import type { FsyncSchedule } from '../commit/fsync-schedule.js'
import { forEachBackend, forEachBackendOnDisk, USUAL_SIZES, type Settings } from './backends.test.js'
import { appendTexts, entriesOf, MEBIBYTE, noise, numbers, readBatches, readNextTexts } from './entries.test.js'

const SCHEDULES: readonly FsyncSchedule[] = [
  { kind: 'each' },
  { kind: 'none' },
  { kind: 'interval', milliseconds: 5 },
  { kind: 'interval', milliseconds: 0 },
]

const SETTINGS: readonly Settings[] = [
  {},
  { consistency: { kind: 'AtLeastOnce', persistEvery: 3 } },
  { fsync: { kind: 'none' }, batchBytesMax: 100 },
  { fsync: { kind: 'interval', milliseconds: 1 }, blockBytes: 16 * 1024 },
  { segmentBytesMax: 500, fileBytes: 256 * 1024 },
  USUAL_SIZES,
]

describe('configuration', () => {
  forEachBackend(({ open, fileNames }) => {
    for (const fsync of SCHEDULES)
      it(`keeps what was appended and read under the schedule ${JSON.stringify(fsync)}`, async () => {
        let walrus = await open({ fsync })
        await appendTexts(walrus, 'logs', numbers(100))
        await walrus.appendBatch('logs', entriesOf(numbers(100, 100)))
        await walrus.append('logs', bytesOf('200'), { durable: true })
        expect(await readNextTexts(walrus, 'logs', 50)).to.deep.equal(numbers(50))
        await walrus.close()
        walrus = await open({ fsync })
        expect(await readNextTexts(walrus, 'logs')).to.deep.equal(numbers(151, 50))
      })

    it('may change with each opening of a directory', async () => {
      for (const [round, settings] of [...SETTINGS, ...SETTINGS].entries()) {
        const walrus = await open(settings)
        await appendTexts(walrus, 'logs', numbers(20, round * 20))
        expect(await readNextTexts(walrus, 'logs', 10)).to.deep.equal(numbers(10, round * 10))
        await walrus.close()
      }
      expect(await readAll(await open(), 'logs')).to.deep.equal(numbers(20 * 2 * SETTINGS.length))
    })

    it('of one instance says nothing about another in the same process', async () => {
      const instances = await Promise.all(SETTINGS.map((settings, nth) => open(settings, `instance-${nth}`)))
      await Promise.all(instances.map((walrus, nth) => appendTexts(walrus, 'logs', numbers(10, nth * 100))))
      for (const [nth, walrus] of instances.entries()) {
        expect(await readNextTexts(walrus, 'logs', 5)).to.deep.equal(numbers(5, nth * 100))
        await walrus.close()
      }
      for (const [nth, settings] of SETTINGS.entries()) {
        const walrus = await open(settings, `instance-${nth}`)
        expect(await readNextTexts(walrus, 'logs')).to.deep.equal(numbers(5, nth * 100 + 5))
      }
    })

    it('that could not work is refused by name, and leaves the directory free', async () => {
      const bad: readonly Settings[] = [
        { consistency: { kind: 'AtLeastOnce', persistEvery: -1 } },
        { blockBytes: 1000 },
        { fileBytes: 0 },
        { segmentBytesMax: Number.NaN },
        { batchBytesMax: 0 },
        { fsync: { kind: 'interval', milliseconds: -1 } },
        { retention: { bytes: 0 } },
        { retentionCheckMs: 0 },
      ]
      for (const settings of bad) {
        const failure = await failureOf(open(settings))
        expect([failure.code, /^Cannot /.test(failure.message)], JSON.stringify(settings)).to.deep.equal([
          'INVALID_ARGUMENT',
          true,
        ])
      }
      expect(await (await open()).append('logs', bytesOf('a'))).to.equal(0)
    })

    it('that frees what is consumed keeps the files of what is unread', async () => {
      const walrus = await open({ retention: { consumed: true }, segmentBytesMax: 8192 })
      for (let nth = 0; nth < 20; nth++) await walrus.append('logs', noise(10_000, nth))
      const before = await fileNames()
      await walrus.enforceRetention()
      expect(await fileNames(), 'a topic that nobody has read').to.deep.equal(before)
      await readNextTexts(walrus, 'logs', 19)
      await walrus.enforceRetention()
      expect((await fileNames()).length).to.be.within(1, before.length - 1)
      expect((await walrus.readNext('logs'))?.offset).to.equal(19)
    })

    it('by default syncs each append and delivers strictly at once', async () => {
      const walrus = await open(USUAL_SIZES)
      await appendTexts(walrus, 'logs', numbers(1000))
      expect(textOf(await walrus.readNext('logs'))).to.equal('0')
      expect((await readBatches(walrus, 'logs')).flat()).to.deep.equal(numbers(999, 1))
    })
  })
})

describe('entries of hundreds of mebibytes', function () {
  this.timeout(60_000)
  forEachBackendOnDisk(({ open, fileNames }) => {
    it('are read back whole, in files of their own, and one is unread while the other is dropped', async () => {
      const entry = Buffer.alloc(300 * MEBIBYTE, noise(MEBIBYTE, 1))
      const settings = { ...USUAL_SIZES, retention: { consumed: true } }
      const walrus = await open(settings)
      await walrus.append('logs', entry)
      await walrus.append('logs', entry)
      expect((await fileNames()).length).to.be.at.least(2)
      for (let offset = 0; offset < 2; offset++) {
        const read = await walrus.readNext('logs')
        expect([read?.offset, Buffer.compare(read!.data, entry)]).to.deep.equal([offset, 0])
        await walrus.enforceRetention()
      }
      expect(await walrus.readNext('logs')).to.equal(undefined)
      expect(walrus.entryCount('logs'), 'the first is dropped, the open segment stays').to.equal(1)
    })
  })
})
