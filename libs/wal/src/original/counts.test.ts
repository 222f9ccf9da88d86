import { expect } from 'chai'
import { bytesOf, failureOf } from '../harness.test.js'
import { forEachBackend } from './backends.test.js'
import { appendTexts, entriesOf, numbers, readNextTexts } from './entries.test.js'

const AT_LEAST_ONCE = { consistency: { kind: 'AtLeastOnce', persistEvery: 5 } } as const

describe('counts of unread entries', () => {
  forEachBackend(({ open, openAsKilled }) => {
    it('grow with each append and each batch, topic by topic, and are 0 for a topic that does not exist', async () => {
      const walrus = await open()
      await walrus.append('one', bytesOf('a'))
      expect([walrus.unreadCount('one'), walrus.unreadCount('two')]).to.deep.equal([1, 0])
      await walrus.appendBatch('one', entriesOf(numbers(5)))
      await walrus.appendBatch('two', entriesOf(numbers(3)))
      expect([walrus.unreadCount('one'), walrus.unreadCount('two'), walrus.unreadCount('three')]).to.deep.equal([
        6, 3, 0,
      ])
      expect([...walrus.entryCounts()]).to.deep.equal([
        ['one', 6],
        ['two', 3],
      ])
    })

    for (const [name, settings] of Object.entries({ 'strictly at once': {}, 'at least once': AT_LEAST_ONCE }))
      it(`shrink only when entries are consumed, and never below 0: ${name}`, async () => {
        const walrus = await open(settings)
        await appendTexts(walrus, 'logs', numbers(20))
        await walrus.readNext('logs', { checkpoint: false })
        await walrus.readBatch('logs', { checkpoint: false })
        await walrus.read('logs', 0)
        await walrus.read('logs', 7)
        expect(walrus.unreadCount('logs')).to.equal(20)
        await walrus.readNext('logs')
        expect(walrus.unreadCount('logs')).to.equal(19)
        await walrus.readBatch('logs', { maxEntries: 4 })
        expect(walrus.unreadCount('logs')).to.equal(15)
        for (let nth = 0; nth < 3; nth++) await walrus.readBatch('logs')
        await walrus.readNext('logs')
        expect([walrus.unreadCount('logs'), walrus.entryCount('logs')]).to.deep.equal([0, 20])
      })

    it('do not change when an append is refused', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', numbers(3))
      await failureOf(walrus.appendBatch('logs', entriesOf(numbers(2001))))
      await failureOf(walrus.appendBatch('new', entriesOf(numbers(2001))))
      expect([walrus.unreadCount('logs'), walrus.unreadCount('new'), walrus.topics()]).to.deep.equal([3, 0, ['logs']])
    })

    it('are right after a close and after a kill in the middle of reading, for all topics', async () => {
      let walrus = await open()
      for (const [nth, topic] of ['none', 'some', 'all'].entries()) {
        await walrus.appendBatch(topic, entriesOf(numbers(30)))
        await walrus.readBatch(topic, { maxEntries: nth * 15 })
      }
      await readNextTexts(walrus, 'some', 3)
      const expected = [30, 12, 0]
      const countsOf = (): number[] => ['none', 'some', 'all'].map((topic) => walrus.unreadCount(topic))
      expect(countsOf()).to.deep.equal(expected)
      const killed = await openAsKilled()
      expect(['none', 'some', 'all'].map((topic) => killed.unreadCount(topic))).to.deep.equal(expected)
      for (let round = 0; round < 3; round++) {
        await walrus.close()
        walrus = await open()
        expect(countsOf()).to.deep.equal(expected)
        expect([...walrus.entryCounts().values()]).to.deep.equal([30, 30, 30])
      }
    })

    it('of one cursor do not depend on another', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', numbers(10))
      await walrus.cursor('logs', 'other').nextBatch({ maxEntries: 4, maxBytes: 1000 })
      await readNextTexts(walrus, 'logs', 1)
      expect([walrus.unreadCount('logs'), walrus.unreadCount('logs', 'other')]).to.deep.equal([9, 6])
    })

    it('stand beside the size of a topic, which grows with what is appended and not with what is read', async () => {
      let walrus = await open()
      expect(walrus.topicSizeBytes('logs')).to.equal(0)
      await walrus.append('logs', new Uint8Array(1000))
      const first = walrus.topicSizeBytes('logs')
      expect(first).to.be.within(1000, 1200)
      await walrus.append('logs', new Uint8Array(3000))
      const both = walrus.topicSizeBytes('logs')
      expect(both - first).to.be.within(3000, 3200)
      await walrus.close()
      walrus = await open()
      expect(walrus.topicSizeBytes('logs')).to.be.within(both, both + 200)
    })
  })
})
