import { expect } from 'chai'
import { bytesOf, textsOf } from '../harness.test.js'
import { forEachBackend } from './backends.test.js'
import { appendTexts, entriesOf, noise, numbers, readBatches, readNextTexts } from './entries.test.js'

const UNSYNCED = { fsync: { kind: 'none' } } as const

/** Texts of so many bytes each. */
function texts(count: number, sizeBytes: number): string[] {
  return numbers(count).map((text) => text.padEnd(sizeBytes, '.'))
}

describe('batch reads', () => {
  forEachBackend(({ open, openAsKilled }) => {
    it('take the entries of many segments in one call, and then are empty', async () => {
      const walrus = await open()
      const sent = texts(3, 30_000)
      for (const text of sent) await walrus.append('logs', bytesOf(text))
      expect(await readBatches(walrus, 'logs')).to.deep.equal([sent])
      expect(await walrus.readBatch('logs')).to.deep.equal([])
    })

    it('take sealed entries and the newest ones together, in order', async () => {
      const walrus = await open()
      await walrus.append('logs', noise(40_000, 1))
      await appendTexts(walrus, 'logs', numbers(10))
      const read = await walrus.readBatch('logs')
      expect(read.map(({ offset }) => offset)).to.deep.equal(numbers(11).map(Number))
      expect(textsOf(read.slice(1))).to.deep.equal(numbers(10))
    })

    it('obey their budget to the byte', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', texts(40, 100))
      const counts: number[] = []
      for (const maxBytes of [300, 500, 1, 350, 99, 100, 101, 199, 200, 0])
        counts.push((await walrus.readBatch('logs', { maxBytes })).length)
      expect(counts).to.deep.equal([3, 5, 1, 3, 1, 1, 1, 1, 2, 1])
    })

    it('of a hundred bytes take ten entries of ten bytes each time', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', texts(100, 10))
      const batches = await readBatches(walrus, 'logs', 100)
      expect(batches.map(({ length }) => length)).to.deep.equal(Array.from({ length: 10 }, () => 10))
      expect(batches.flat()).to.deep.equal(texts(100, 10))
    })

    it('with a small budget skip nothing on the way from sealed segments to the open one', async () => {
      const walrus = await open(UNSYNCED)
      const sent = texts(8000, 100)
      for (let first = 0; first < sent.length; first += 500)
        await walrus.appendBatch('logs', entriesOf(sent.slice(first, first + 500)))
      const batches = await readBatches(walrus, 'logs', 10_000)
      expect(batches.flat()).to.deep.equal(sent)
      expect(new Set(batches.map(({ length }) => length))).to.deep.equal(new Set([100]))
    })

    it('with a tiny budget reach the end of a thousand entries', async () => {
      const walrus = await open(UNSYNCED)
      await walrus.appendBatch('logs', entriesOf(texts(1000, 6)))
      const batches = await readBatches(walrus, 'logs', 64)
      expect(batches.flat()).to.deep.equal(texts(1000, 6))
      expect(batches).to.have.length(100)
    })

    it('return two thousand entries at most, whatever the budget', async () => {
      const walrus = await open(UNSYNCED)
      for (let nth = 0; nth < 2; nth++) await walrus.appendBatch('logs', entriesOf(numbers(2000, nth * 2000)))
      const counts: number[] = []
      for (let nth = 0; nth < 3; nth++)
        counts.push((await walrus.readBatch('logs', { maxBytes: Number.MAX_SAFE_INTEGER })).length)
      expect(counts).to.deep.equal([2000, 2000, 0])
    })

    it('that only look return the same until one consumes', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', numbers(5))
      for (let nth = 0; nth < 2; nth++)
        expect(textsOf(await walrus.readBatch('logs', { checkpoint: false }))).to.deep.equal(numbers(5))
      expect(await readBatches(walrus, 'logs')).to.deep.equal([numbers(5)])
    })

    it('that only look see more with a larger budget', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', texts(100, 20))
      for (const count of [1, 10, 50, 100]) {
        const read = await walrus.readBatch('logs', { checkpoint: false, maxBytes: count * 20 })
        expect(textsOf(read)).to.deep.equal(texts(count, 20))
      }
      expect(walrus.unreadCount('logs')).to.equal(100)
    })

    it('return nothing twice when they take the newest entries piece by piece', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', texts(10, 10))
      const first = await walrus.readBatch('logs', { maxBytes: 50 })
      const second = await walrus.readBatch('logs', { maxBytes: 50 })
      expect(textsOf([...first, ...second])).to.deep.equal(texts(10, 10))
    })

    it('share the cursor with single reads', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', texts(100, 10))
      const seen: string[] = []
      while (seen.length < 100) {
        seen.push(...textsOf(await walrus.readBatch('logs', { maxBytes: 40 })))
        seen.push(...(await readNextTexts(walrus, 'logs', 1)))
      }
      expect(seen).to.deep.equal(texts(100, 10))
    })

    it('take sizes of every kind in order', async () => {
      const walrus = await open()
      const sizes = Array.from({ length: 20 }, (_, nth) => [10, 1000, 70_000, 0, 30_000][nth % 5]!)
      await walrus.appendBatch('logs', sizes.map(noise))
      const offsets: number[] = []
      for (let read = await walrus.readBatch('logs', { maxBytes: 100_000 }); read.length > 0;) {
        for (const { offset, data } of read) expect(Buffer.compare(data, noise(sizes[offset]!, offset))).to.equal(0)
        offsets.push(...read.map(({ offset }) => offset))
        read = await walrus.readBatch('logs', { maxBytes: 100_000 })
      }
      expect(offsets).to.deep.equal(numbers(20).map(Number))
    })

    it('deliver each entry once to five concurrent readers', async () => {
      const walrus = await open()
      await walrus.appendBatch('logs', entriesOf(numbers(500)))
      const all = await Promise.all(Array.from({ length: 5 }, () => readBatches(walrus, 'logs', 30)))
      expect(all.flat(2).sort((a, b) => Number(a) - Number(b))).to.deep.equal(numbers(500))
    })

    it('deliver each entry once, in order, while single entries and batches are appended over many segments', async () => {
      const walrus = await open({ segmentBytesMax: 3000 })
      const total = 8 * 60
      const write = async (writer: number): Promise<void> => {
        for (let nth = 0; nth < 20; nth++) {
          await walrus.append('logs', bytesOf(`${writer}-${nth}`.padEnd(100, '.')))
          await walrus.appendBatch('logs', entriesOf([`${writer}-${nth} a`, `${writer}-${nth} b`]))
        }
      }
      const offsets: number[] = []
      const read = async (): Promise<void> => {
        while (offsets.length < total) {
          offsets.push(...(await walrus.readBatch('logs', { maxBytes: 400 })).map(({ offset }) => offset))
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      await Promise.all([...Array.from({ length: 8 }, (_, writer) => write(writer)), read()])
      expect(offsets).to.deep.equal(numbers(total).map(Number))
    })

    it('that stopped in the middle of a large batch go on there after a kill', async () => {
      const walrus = await open()
      await walrus.appendBatch('logs', entriesOf(texts(1000, 50)))
      await walrus.readBatch('logs', { maxBytes: 50 * 333 })
      expect((await readBatches(await openAsKilled(), 'logs')).flat()).to.deep.equal(texts(1000, 50).slice(333))
    })

    it('from offset 0 begin with the first entry, small or large, whatever the budget', async () => {
      const walrus = await open()
      const sizes = [18, 200_000, 18, 100_000]
      for (const [nth, size] of sizes.entries()) await walrus.append('logs', noise(size, nth))
      const read = await walrus.read('logs', 0, { maxBytes: 10_000 })
      expect(read.map(({ data }) => data.length)).to.deep.equal([18])
      expect((await walrus.read('logs', 1, { maxBytes: 10_000 })).map(({ data }) => data.length)).to.deep.equal([
        200_000,
      ])
      expect(await walrus.read('logs', 0, { maxBytes: 400_000 })).to.have.length(4)
    })

    it('by offset walk through a long log to its end', async () => {
      const walrus = await open(UNSYNCED)
      for (let nth = 0; nth < 150; nth++) await walrus.append('logs', noise(20_000, nth))
      const seen: number[] = []
      for (let read = await walrus.read('logs', 0, { maxBytes: 50_000 }); read.length > 0;) {
        seen.push(...read.map(({ offset }) => offset))
        read = await walrus.read('logs', seen.length, { maxBytes: 50_000 })
      }
      expect(seen).to.deep.equal(numbers(150).map(Number))
    })
  })
})
