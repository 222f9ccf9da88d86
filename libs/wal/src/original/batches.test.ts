import { randomBelow, seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { bytesOf, failureOf, readAll, textOf, textsOf } from '../harness.test.js'
import { ENTRY_BYTES_MAX } from '../log/append-checks.js'
import { forEachBackend, USUAL_SIZES } from './backends.test.js'
import {
  appendTexts,
  entriesOf,
  KIBIBYTE,
  MEBIBYTE,
  noise,
  numbers,
  readBatches,
  readNextTexts,
} from './entries.test.js'

const UNSYNCED = { fsync: { kind: 'none' } } as const

describe('batches', function () {
  this.timeout(60_000)
  forEachBackend(({ open, openAsKilled, fileNames }) => {
    it('stand in order, among single entries and other batches', async () => {
      const walrus = await open()
      await walrus.append('logs', bytesOf('0'))
      for (let nth = 0; nth < 4; nth++) await walrus.appendBatch('logs', entriesOf(numbers(3, 1 + nth * 3)))
      await walrus.appendBatch('logs', entriesOf(['13']))
      await walrus.append('logs', bytesOf('14'))
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal(numbers(15))
    })

    it('of no entry are refused, and leave nothing', async () => {
      const walrus = await open()
      expect((await failureOf(walrus.appendBatch('logs', []))).code).to.equal('BATCH_TOO_LARGE')
      expect([walrus.topics(), walrus.entryCount('logs'), await fileNames()]).to.deep.equal([[], 0, []])
    })

    it('of too many entries or bytes are refused, and leave nothing, then or after a restart', async () => {
      let walrus = await open()
      await walrus.append('logs', bytesOf('0'))
      const tooMany = await failureOf(walrus.appendBatch('logs', entriesOf(numbers(2001))))
      expect([tooMany.code, tooMany.message]).to.deep.equal([
        'BATCH_TOO_LARGE',
        'Cannot append 2001 entries to topic "logs": a batch has 1 to 2000 entries',
      ])
      const half = new Uint8Array(512 * MEBIBYTE)
      const tooLarge = await failureOf(walrus.appendBatch('logs', [half, half, half]))
      expect([tooLarge.code, tooLarge.message.includes(`at most ${ENTRY_BYTES_MAX} bytes`)]).to.deep.equal([
        'ENTRY_TOO_LARGE',
        true,
      ])
      expect(walrus.entryCount('logs')).to.equal(1)
      await walrus.append('logs', bytesOf('1'))
      await walrus.close()
      walrus = await open()
      expect(await readAll(walrus, 'logs')).to.deep.equal(['0', '1'])
    })

    it('of one topic at the same time wait for each other: all are taken, each whole', async () => {
      const walrus = await open()
      const batch = (nth: number): string[] => numbers(100).map((entry) => `${nth}-${entry} `.padEnd(200, '.'))
      const results = await Promise.all([0, 1, 2, 3, 4].map((nth) => walrus.appendBatch('logs', entriesOf(batch(nth)))))
      expect(results.map(({ firstOffset }) => firstOffset)).to.deep.equal([0, 100, 200, 300, 400])
      expect(await readAll(walrus, 'logs')).to.deep.equal([0, 1, 2, 3, 4].flatMap(batch))
    })

    it('let single entries through while they are under way', async () => {
      const walrus = await open()
      const batch = walrus.appendBatch(
        'logs',
        numbers(50).map((nth) => noise(5000, Number(nth))),
      )
      const single = walrus.append('logs', bytesOf('single'))
      expect([await batch, await single]).to.deep.equal([{ firstOffset: 0, lastOffset: 49 }, 50])
      expect(textsOf(await walrus.read('logs', 50))).to.deep.equal(['single'])
    })

    it('may be larger than a block, a segment and a file', async () => {
      let walrus = await open()
      const entries = numbers(100).map((nth) => noise(5 * KIBIBYTE, Number(nth)))
      await walrus.append('logs', noise(8 * KIBIBYTE, 1000))
      await walrus.appendBatch('logs', entries)
      await walrus.append('logs', bytesOf('behind'))
      for (let round = 0; round < 2; round++) {
        for (const [nth, entry] of entries.entries()) {
          const [read] = await walrus.read('logs', 1 + nth, { maxEntries: 1 })
          expect(Buffer.compare(read!.data, entry), `entry ${nth}`).to.equal(0)
        }
        expect(textsOf(await walrus.read('logs', 101))).to.deep.equal(['behind'])
        await walrus.close()
        walrus = await open()
      }
    })

    it('may hold entries of very different sizes', async () => {
      const walrus = await open(USUAL_SIZES)
      const sizes = [100, 10 * MEBIBYTE, 1, 20 * MEBIBYTE, 0, MEBIBYTE, 5 * MEBIBYTE, 64 * KIBIBYTE, 10]
      await walrus.appendBatch('logs', sizes.map(noise))
      for (const [nth, size] of sizes.entries()) {
        const entry = await walrus.readNext('logs')
        expect([entry?.data.length, Buffer.compare(entry!.data, noise(size, nth))]).to.deep.equal([size, 0])
      }
      expect(await walrus.readNext('logs')).to.equal(undefined)
    })

    it('may hold tiny and large entries in turns, and entries that fill blocks exactly', async () => {
      let walrus = await open()
      const sizes = [1, 4096, 2, 20_000, 3, 4096 - 64, 4096 - 32, 8192, 0, 4, 32 * KIBIBYTE, 5, 64 * KIBIBYTE]
      for (let round = 0; round < 3; round++) await walrus.appendBatch('logs', sizes.map(noise))
      await walrus.close()
      walrus = await open()
      for (let nth = 0; nth < sizes.length * 3; nth++) {
        const entry = await walrus.readNext('logs')
        const which = nth % sizes.length
        expect(Buffer.compare(entry!.data, noise(sizes[which]!, which)), `entry ${nth}`).to.equal(0)
      }
    })

    it('keep entries of zero length, alone and among others, through every read', async () => {
      const texts = ['', 'a', '', '', 'b', '']
      let walrus = await open()
      await walrus.appendBatch('logs', entriesOf(texts))
      await walrus.appendBatch('empty', entriesOf(['', '', '']))
      for (let round = 0; round < 2; round++) {
        expect(await readAll(walrus, 'logs')).to.deep.equal(texts)
        expect(textsOf(await walrus.readBatch('logs', { checkpoint: false }))).to.deep.equal(texts)
        expect(textsOf(await walrus.readBatch('logs', { checkpoint: false, maxBytes: 1 }))).to.deep.equal(
          texts.slice(0, 4),
        )
        expect(textsOf(await walrus.readBatch('empty', { checkpoint: false, maxBytes: 0 }))).to.have.length(3)
        expect(textsOf(await walrus.cursor('logs', `by-${round}`).nextBatch())).to.deep.equal(texts)
        await walrus.close()
        walrus = await open()
      }
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal(texts)
      expect(await readNextTexts(walrus, 'empty')).to.deep.equal(['', '', ''])
    })

    it('are read on from the middle when others come behind', async () => {
      const walrus = await open()
      await walrus.appendBatch('logs', entriesOf(numbers(3)))
      expect(await readNextTexts(walrus, 'logs', 2)).to.deep.equal(['0', '1'])
      await walrus.appendBatch('logs', entriesOf(numbers(3, 3)))
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal(numbers(4, 2))
    })

    it('of twenty topics and of twenty callers on one topic are all taken and counted', async () => {
      const walrus = await open()
      const call = async (caller: number): Promise<void> => {
        for (let nth = 0; nth < 6; nth++) {
          await walrus.appendBatch(`own-${caller}`, entriesOf(numbers(5, nth * 5)))
          await walrus.appendBatch('shared', entriesOf([`${caller}-${nth} a`, `${caller}-${nth} b`]))
        }
      }
      await Promise.all(Array.from({ length: 20 }, (_, caller) => call(caller)))
      for (let caller = 0; caller < 20; caller++)
        expect(await readAll(walrus, `own-${caller}`)).to.deep.equal(numbers(30))
      const shared = await readAll(walrus, 'shared')
      expect(shared).to.have.length(240)
      for (let nth = 0; nth < 240; nth += 2) expect(shared[nth + 1]).to.equal(shared[nth]?.replace(' a', ' b'))
    })

    it('keep what each entry says under a mix of callers, before and after a kill', async () => {
      const walrus = await open(UNSYNCED)
      const random = seededRandom(3)
      const sent = new Map<number, Uint8Array>()
      const call = async (caller: number): Promise<void> => {
        for (let nth = 0; nth < 15; nth++) {
          const entries = Array.from({ length: 1 + randomBelow(random, 20) }, (_, at) =>
            noise(randomBelow(random, at === 7 ? 40_000 : 500), caller * 10_000 + nth * 100 + at),
          )
          const isSingle = entries.length < 4
          const firstOffset = isSingle
            ? await walrus.append('logs', entries[0]!)
            : (await walrus.appendBatch('logs', entries)).firstOffset
          for (const [at, entry] of (isSingle ? entries.slice(0, 1) : entries).entries())
            sent.set(firstOffset + at, entry)
        }
      }
      await Promise.all(Array.from({ length: 10 }, (_, caller) => call(caller)))
      for (const reader of [walrus, await openAsKilled()]) {
        expect(reader.entryCount('logs')).to.equal(sent.size)
        for (let offset = 0; offset < sent.size; offset++) {
          const [entry] = await reader.read('logs', offset, { maxEntries: 1 })
          expect(Buffer.compare(entry!.data, sent.get(offset)!), `offset ${offset}`).to.equal(0)
        }
      }
    })

    it('resume after a kill in the middle of reading them, each synced', async () => {
      const settings = { fsync: { kind: 'each' } } as const
      const walrus = await open(settings)
      for (let nth = 0; nth < 10; nth++) await walrus.appendBatch('logs', entriesOf(numbers(5, nth * 5)))
      await readNextTexts(walrus, 'logs', 23)
      const after = await openAsKilled(settings)
      expect(await readNextTexts(after, 'logs')).to.deep.equal(numbers(27, 23))
    })

    it('ten thousand of ten entries are read whole', async () => {
      const walrus = await open(UNSYNCED)
      for (let first = 0; first < 10_000; first += 200)
        await Promise.all(
          Array.from({ length: 200 }, (_, nth) =>
            walrus.appendBatch('logs', entriesOf(numbers(10, (first + nth) * 10))),
          ),
        )
      expect((await readBatches(walrus, 'logs')).flat()).to.deep.equal(numbers(100_000))
    })

    it('that are refused leave neighbours as they are: mixed good and bad ones, then one more entry', async () => {
      const walrus = await open()
      const tooMany = entriesOf(numbers(2001))
      const good = Array.from({ length: 15 }, (_, nth) => [`${nth} a`, `${nth} b`])
      await appendTexts(walrus, 'logs', ['first'])
      await Promise.all(
        good.flatMap((texts) => [
          walrus.appendBatch('logs', entriesOf(texts)),
          failureOf(walrus.appendBatch('logs', tooMany)),
        ]),
      )
      await walrus.append('logs', bytesOf('last'))
      expect(await readAll(walrus, 'logs')).to.deep.equal(['first', ...good.flat(), 'last'])
    })

    it('are delivered once each to concurrent readers while they are appended', async () => {
      const walrus = await open({ consistency: { kind: 'AtLeastOnce', persistEvery: 50 } })
      const seen: string[] = []
      const writing = (async () => {
        for (let nth = 0; nth < 40; nth++) await walrus.appendBatch('logs', entriesOf(numbers(10, nth * 10)))
      })()
      const read = async (): Promise<void> => {
        while (seen.length < 400) {
          const text = textOf(await walrus.readNext('logs'))
          if (text === undefined) await new Promise((resolve) => setImmediate(resolve))
          else seen.push(text)
        }
      }
      await Promise.all([writing, read(), read(), read()])
      expect(seen.sort((a, b) => Number(a) - Number(b))).to.deep.equal(numbers(400))
    })
  })
})
