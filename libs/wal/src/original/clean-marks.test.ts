import { expect } from 'chai'
import { bytesOf, failureOf } from '../harness.test.js'
import { forEachBackend } from './backends.test.js'
import { appendTexts, entriesOf, numbers, readNextTexts } from './entries.test.js'

describe('marks of clean topics', () => {
  forEachBackend(({ open, openAsKilled }) => {
    it('are set by hand and cleared by every kind of append', async () => {
      const walrus = await open()
      expect(walrus.isClean('logs')).to.equal(true)
      await walrus.append('logs', bytesOf('a'))
      expect(walrus.isClean('logs')).to.equal(false)
      await walrus.markClean('logs')
      expect(walrus.isClean('logs')).to.equal(true)
      await walrus.appendBatch('logs', entriesOf(['b', 'c']))
      expect(walrus.isClean('logs')).to.equal(false)
      await walrus.markClean('logs')
      await walrus.append('logs', bytesOf('d'), { durable: true })
      expect(walrus.isClean('logs')).to.equal(false)
    })

    it('stay when entries are read or looked at', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', numbers(4))
      await walrus.markClean('logs')
      await walrus.readBatch('logs', { checkpoint: false })
      await readNextTexts(walrus, 'logs')
      expect(walrus.isClean('logs')).to.equal(true)
    })

    it('survive restarts and kills, whatever they say, topic by topic', async () => {
      let walrus = await open()
      await appendTexts(walrus, 'clean', numbers(3))
      await appendTexts(walrus, 'dirty', numbers(3))
      await walrus.markClean('clean')
      await walrus.markDirty('marked-dirty')
      const expected = [true, false, false]
      for (let round = 0; round < 3; round++) {
        const killed = await openAsKilled()
        for (const one of [walrus, killed])
          expect(['clean', 'dirty', 'marked-dirty'].map((topic) => one.isClean(topic))).to.deep.equal(expected)
        await killed.close()
        await walrus.close()
        walrus = await open()
      }
      await walrus.append('clean', bytesOf('more'))
      expect((await openAsKilled()).isClean('clean')).to.equal(false)
    })

    it('survive that segments are sealed and dropped', async () => {
      const settings = { segmentBytesMax: 2000, retention: { consumed: true } }
      let walrus = await open(settings)
      for (let nth = 0; nth < 30; nth++) await walrus.append('logs', new Uint8Array(500))
      await walrus.markClean('logs')
      await readNextTexts(walrus, 'logs')
      await walrus.enforceRetention()
      await walrus.close()
      walrus = await open(settings)
      expect([walrus.isClean('logs'), walrus.entryCount('logs') < 30]).to.deep.equal([true, true])
    })

    it('make no entry and do not count as one', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', ['a'])
      for (let nth = 0; nth < 20; nth++) await (nth % 2 === 0 ? walrus.markClean('logs') : walrus.markDirty('logs'))
      await appendTexts(walrus, 'logs', ['b'])
      expect(walrus.entryCount('logs')).to.equal(2)
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal(['a', 'b'])
    })

    it('of names that no topic has are refused', async () => {
      const walrus = await open()
      expect((await failureOf(walrus.markClean('a b'))).code).to.equal('INVALID_TOPIC')
      expect((await failureOf(walrus.markDirty(''))).code).to.equal('INVALID_TOPIC')
    })
  })
})
