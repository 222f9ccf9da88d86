import { FaultyDisk, ManualClock, seededRandom, stopAtBoundary } from '@walrus/testing'
import { expect } from 'chai'
import { bytesOf, openWalrus, paddedEntry, readAll, turnsOfTheLoop } from '../harness.test.js'
import { forEachBackend } from './backends.test.js'
import { appendTexts, entriesOf, KIBIBYTE, noise, numbers, readBatches, readNextTexts } from './entries.test.js'

describe('restarts', () => {
  forEachBackend(({ open, openAsKilled, fileNames }) => {
    it('go on where the reader was', async () => {
      let walrus = await open()
      await appendTexts(walrus, 'logs', numbers(10))
      expect(await readNextTexts(walrus, 'logs', 5)).to.deep.equal(numbers(5))
      await walrus.close()
      walrus = await open()
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal(numbers(5, 5))
      await walrus.close()
      walrus = await open()
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal([])
      await appendTexts(walrus, 'logs', ['more'])
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal(['more'])
    })

    it('resume a hundred topics that are half read', async () => {
      const topics = Array.from({ length: 100 }, (_, nth) => `topic-${nth}`)
      let walrus = await open()
      await Promise.all(topics.map((topic) => walrus.appendBatch(topic, entriesOf(numbers(50)))))
      for (const topic of topics) expect(await walrus.readBatch(topic, { maxEntries: 25 }), topic).to.have.length(25)
      await walrus.close()
      walrus = await open()
      for (const topic of topics) expect((await readBatches(walrus, topic)).flat()).to.deep.equal(numbers(25, 25))
      await walrus.close()
      walrus = await open()
      for (const topic of topics) expect(await walrus.readNext(topic)).to.equal(undefined)
    })

    it('each add a batch, and all are read in order', async () => {
      for (let round = 0; round < 5; round++) {
        const walrus = await open()
        await walrus.appendBatch('logs', entriesOf(numbers(300, round * 300)))
        await walrus.close()
      }
      const walrus = await open()
      expect(await readAll(walrus, 'logs')).to.deep.equal(numbers(1500))
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal(numbers(1500))
    })

    it('in the middle of batch reads resume at the next entry', async () => {
      let walrus = await open()
      await walrus.appendBatch('logs', entriesOf(numbers(50)))
      await walrus.readBatch('logs', { maxEntries: 7 })
      await walrus.readBatch('logs', { maxBytes: 20 })
      const seen = 50 - walrus.unreadCount('logs')
      await walrus.close()
      walrus = await open()
      expect((await readBatches(walrus, 'logs')).flat()).to.deep.equal(numbers(50 - seen, seen))
    })

    it('keep everything behind entries that are larger than a block, a run and a file', async () => {
      const sizes = [100, 5 * KIBIBYTE, 10, 200 * KIBIBYTE, 0, 64 * KIBIBYTE, 4 * KIBIBYTE, 1]
      let walrus = await open()
      await walrus.append('large-first', noise(100 * KIBIBYTE, 77))
      for (const [nth, size] of sizes.entries()) {
        await walrus.append('mixed', noise(size, nth))
        await walrus.append('behind', bytesOf(String(nth)))
      }
      for (let round = 0; round < 2; round++) {
        await walrus.close()
        walrus = await open()
        for (const [nth, size] of sizes.entries()) {
          const [entry] = await walrus.read('mixed', nth, { maxEntries: 1 })
          expect(Buffer.compare(entry!.data, noise(size, nth)), `entry ${nth} of ${size} bytes`).to.equal(0)
        }
        expect(await readAll(walrus, 'behind')).to.deep.equal(numbers(sizes.length))
        expect((await walrus.read('large-first', 0))[0]?.data.length).to.equal(100 * KIBIBYTE)
      }
    })

    it('keep what is unread though what was read is gone', async () => {
      const settings = { retention: { consumed: true }, segmentBytesMax: 8 * KIBIBYTE }
      const texts = numbers(200).map((text) => text.padEnd(1000, '.'))
      let walrus = await open(settings)
      for (const text of texts) await walrus.append('queue', bytesOf(text))
      const fileCountBefore = (await fileNames()).length
      expect(await readNextTexts(walrus, 'queue', 150)).to.deep.equal(texts.slice(0, 150))
      await walrus.enforceRetention()
      expect((await fileNames()).length, 'files are given back').to.be.below(fileCountBefore)
      await walrus.close()
      walrus = await open(settings)
      expect(walrus.unreadCount('queue')).to.equal(50)
      expect(await readNextTexts(walrus, 'queue')).to.deep.equal(texts.slice(150))
      await walrus.enforceRetention()
      await walrus.close()
      walrus = await open(settings)
      expect([walrus.unreadCount('queue'), await walrus.append('queue', bytesOf('next'))]).to.deep.equal([0, 200])
      expect(await readNextTexts(walrus, 'queue')).to.deep.equal(['next'])
    })

    it('go on at the next offset though everything before it was dropped', async () => {
      const clock = new ManualClock({ autoDefer: true })
      const settings = { clock, retention: { ageMs: 1000 } }
      let walrus = await open(settings)
      for (let round = 0; round < 3; round++) {
        await appendTexts(walrus, 'logs', numbers(10, round * 10))
        clock.advance(2000)
        while (walrus.entryCount('logs') > 0) {
          await walrus.enforceRetention()
          await turnsOfTheLoop(1)
        }
        const killed = await openAsKilled(settings)
        expect(await killed.append('logs', bytesOf('next'))).to.equal(round * 10 + 10)
        await walrus.close()
        walrus = await open(settings)
        expect(walrus.topics()).to.deep.equal(['logs'])
      }
    })

    it('after a kill have all that was acknowledged, and write on behind it', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', numbers(30))
      await walrus.appendBatch('logs', entriesOf(numbers(30, 30)))
      const after = await openAsKilled()
      expect(await readAll(after, 'logs')).to.deep.equal(numbers(60))
      expect(await after.append('logs', bytesOf('60'))).to.equal(60)
      expect(await readNextTexts(after, 'logs')).to.deep.equal(numbers(61))
    })
  })
})

describe('a power loss while all that was written is dropped', () => {
  const SETTINGS = { retention: { ageMs: 1000 }, segmentBytesMax: 1000 } as const

  /** Appends eight entries, and drops them; the caller may stop the disk at any boundary. */
  async function appendAndDrop(disk: FaultyDisk, onAppended: () => void): Promise<void> {
    const clock = new ManualClock({ autoDefer: true })
    const walrus = await openWalrus(disk, { ...SETTINGS, clock })
    for (const text of numbers(8)) await walrus.append('logs', paddedEntry(text, 300))
    onAppended()
    clock.advance(2000)
    while (walrus.entryCount('logs') > 0) {
      await walrus.enforceRetention()
      await turnsOfTheLoop(1)
    }
    await walrus.close()
  }

  it('leaves the offsets where they were, at every boundary', async () => {
    const whole = new FaultyDisk()
    let firstBoundary = 0
    await appendAndDrop(whole, () => (firstBoundary = whole.boundaryCount))
    expect(whole.boundaryCount).to.be.greaterThan(firstBoundary + 5)
    for (let boundary = firstBoundary + 1; boundary <= whole.boundaryCount; boundary++)
      for (const seed of [1, 2, 3]) {
        const disk = new FaultyDisk({ onOperation: stopAtBoundary(boundary) })
        await Promise.race([appendAndDrop(disk, () => undefined), disk.stopped])
        const after = await openWalrus(disk.crash(seededRandom(seed)))
        const kept = await after.read('logs', 0)
        expect(
          kept.map(({ offset }) => offset),
          `boundary ${boundary}`,
        ).to.deep.equal(numbers(kept.length, 8 - kept.length).map(Number))
        expect(await after.append('logs', bytesOf('next')), `boundary ${boundary}, seed ${seed}`).to.equal(8)
      }
  })
})
