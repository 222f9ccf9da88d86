import { randomBelow, seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { bytesOf, failureOf, readAll, textOf, textsOf } from '../harness.test.js'
import { forEachBackend, USUAL_SIZES } from './backends.test.js'
import { appendTexts, entriesOf, MEBIBYTE, noise, numbers, readBatches, readNextTexts } from './entries.test.js'

const UNSYNCED = { fsync: { kind: 'none' } } as const

describe('appending and reading', function () {
  this.timeout(60_000)
  forEachBackend(({ open, fileNames }) => {
    it('gives back what was appended, topic by topic, in order, and then nothing', async () => {
      const walrus = await open()
      await walrus.append('one', bytesOf('a'))
      await walrus.append('two', bytesOf('x'))
      await walrus.append('one', bytesOf('b'))
      expect(await readNextTexts(walrus, 'one')).to.deep.equal(['a', 'b'])
      expect(await readNextTexts(walrus, 'two')).to.deep.equal(['x'])
      for (const topic of ['one', 'two', 'three']) expect(await walrus.readNext(topic)).to.equal(undefined)
    })

    it('shows the same entry however often it is looked at', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', ['a', 'b'])
      for (let nth = 0; nth < 3; nth++)
        expect(textOf(await walrus.readNext('logs', { checkpoint: false }))).to.equal('a')
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal(['a', 'b'])
    })

    it('goes on behind the end when more is appended', async () => {
      const walrus = await open()
      for (let round = 0; round < 5; round++) {
        await appendTexts(walrus, 'logs', numbers(4, round * 4))
        expect(await readNextTexts(walrus, 'logs')).to.deep.equal(numbers(4, round * 4))
      }
    })

    it('delivers each of ten thousand entries right after its append', async () => {
      const walrus = await open(UNSYNCED)
      for (let nth = 0; nth < 10_000; nth++) {
        await walrus.append('logs', bytesOf(String(nth)))
        expect((await walrus.readNext('logs'))?.offset).to.equal(nth)
      }
      expect(await walrus.readNext('logs')).to.equal(undefined)
    })

    it('gives a reader that polls what a writer appends meanwhile, in order', async () => {
      const walrus = await open()
      const writing = (async () => {
        for (const text of numbers(200)) await walrus.append('logs', bytesOf(text))
      })()
      const seen: string[] = []
      while (seen.length < 200) {
        seen.push(...(await readNextTexts(walrus, 'logs')))
        await new Promise((resolve) => setImmediate(resolve))
      }
      await writing
      expect(seen).to.deep.equal(numbers(200))
    })

    it('keeps bytes and text of every kind as they are', async () => {
      const walrus = await open()
      const entries = [
        Uint8Array.from({ length: 256 }, (_, byte) => byte),
        new Uint8Array(1000),
        new Uint8Array(1000).fill(0xff),
        Buffer.alloc(999, 'ABC'),
        bytesOf('grüße, 世界, 🦭'),
        bytesOf('\0\r\n\t'),
        noise(5000, 1),
      ]
      for (const entry of entries) await walrus.append('logs', entry)
      const read = await walrus.readBatch('logs')
      expect(read.map(({ data }, nth) => Buffer.compare(data, entries[nth]!))).to.deep.equal(entries.map(() => 0))
    })

    it('takes names of 1 to 200 letters, digits, dots, dashes and underscores, and makes nothing of others', async () => {
      const walrus = await open()
      const names = ['a', '0', 'with.dots', 'with-dash', 'with_underscore', 'UPPER', '..a', 'x'.repeat(200)]
      for (const name of names) await walrus.append(name, bytesOf(name))
      for (const name of names) expect(await readAll(walrus, name)).to.deep.equal([name])
      for (const name of ['', 'x'.repeat(201), 'with space', 'a/b', 'café', '..', 'a\0b'])
        expect((await failureOf(walrus.append(name, bytesOf('a')))).code).to.equal('INVALID_TOPIC')
      expect(walrus.topics()).to.deep.equal([...names].sort())
    })

    it('keeps fifty topics apart that are written in turns', async () => {
      const walrus = await open(UNSYNCED)
      const topics = Array.from({ length: 50 }, (_, nth) => `topic-${nth}`)
      for (let round = 0; round < 200; round++)
        await Promise.all(topics.map((topic) => walrus.append(topic, bytesOf(`${topic} ${round}`))))
      for (const topic of topics)
        expect((await readBatches(walrus, topic)).flat()).to.deep.equal(
          numbers(200).map((round) => `${topic} ${round}`),
        )
    })

    it('keeps a thousand topics of a hundred entries', async () => {
      const walrus = await open({ ...UNSYNCED, fileBytes: 8 * MEBIBYTE })
      const topics = Array.from({ length: 1000 }, (_, nth) => `topic-${nth}`)
      const textsFor = (topic: string): string[] => numbers(100).map((nth) => `${topic} ${nth}`)
      await Promise.all(topics.map((topic) => appendTexts(walrus, topic, textsFor(topic))))
      for (const topic of topics) expect(await readAll(walrus, topic)).to.deep.equal(textsFor(topic))
    })

    it('serves callers that append to their own topics and to one together, in the order of each caller', async () => {
      const walrus = await open()
      const call = async (caller: number): Promise<void> => {
        for (let nth = 0; nth < 50; nth++) {
          await walrus.append(`own-${caller}`, bytesOf(`${nth}`))
          await walrus.append('shared', bytesOf(`${caller} ${nth}`))
        }
      }
      await Promise.all([0, 1, 2, 3, 4].map(call))
      const shared = await readAll(walrus, 'shared')
      for (const caller of [0, 1, 2, 3, 4]) {
        expect(await readAll(walrus, `own-${caller}`)).to.deep.equal(numbers(50))
        const own = shared.filter((text) => text.startsWith(`${caller} `))
        expect(own).to.deep.equal(numbers(50).map((nth) => `${caller} ${nth}`))
      }
    })

    it('goes through many files, and reads them in order', async () => {
      const walrus = await open()
      for (let nth = 0; nth < 40; nth++) await walrus.append('logs', noise(9000, nth))
      expect((await fileNames()).length).to.be.greaterThan(4)
      for (let nth = 0; nth < 40; nth++) {
        const entry = await walrus.readNext('logs')
        expect([entry?.offset, Buffer.compare(entry!.data, noise(9000, nth))]).to.deep.equal([nth, 0])
      }
    })

    it('keeps a hundred topics of a mebibyte each', async () => {
      const walrus = await open({ ...USUAL_SIZES, ...UNSYNCED })
      for (let nth = 0; nth < 100; nth++) await walrus.append(`topic-${nth}`, noise(MEBIBYTE, nth))
      for (let nth = 99; nth >= 0; nth--) {
        const entry = await walrus.readNext(`topic-${nth}`)
        expect(Buffer.compare(entry!.data, noise(MEBIBYTE, nth)), `topic ${nth}`).to.equal(0)
      }
    })

    it('reads by offset what stands there, and an empty list behind the end', async () => {
      const walrus = await open()
      await walrus.appendBatch('logs', entriesOf(numbers(500)))
      for (const offset of [0, 1, 250, 499])
        expect(textsOf(await walrus.read('logs', offset, { maxEntries: 1 }))).to.deep.equal([String(offset)])
      expect(await walrus.read('logs', 500)).to.deep.equal([])
      expect(walrus.unreadCount('logs')).to.equal(500)
    })
  })
})

describe('five thousand topics, each append synced', function () {
  this.timeout(60_000)
  forEachBackend(({ open }) => {
    it('are read in any order, before and after a restart', async () => {
      const sizes = { ...USUAL_SIZES, blockBytes: 4096 }
      let walrus = await open({ ...sizes, fsync: { kind: 'each' } })
      const topics = Array.from({ length: 5000 }, (_, nth) => `topic-${nth}`)
      for (let first = 0; first < topics.length; first += 500)
        await Promise.all(topics.slice(first, first + 500).map((topic) => walrus.append(topic, bytesOf(topic))))
      const order = shuffled(topics)
      for (const topic of order.slice(0, 2500)) expect(await readNextTexts(walrus, topic)).to.deep.equal([topic])
      await walrus.close()
      walrus = await open(sizes)
      expect(walrus.topics()).to.have.length(5000)
      for (const [nth, topic] of order.entries())
        expect(await readNextTexts(walrus, topic), topic).to.deep.equal(nth < 2500 ? [] : [topic])
    })
  })
})

function shuffled<T>(items: readonly T[]): T[] {
  const random = seededRandom(5)
  const order = [...items]
  for (let at = order.length - 1; at > 0; at--) {
    const other = randomBelow(random, at + 1)
    const [one, two] = [order[at]!, order[other]!]
    order[at] = two
    order[other] = one
  }
  return order
}
