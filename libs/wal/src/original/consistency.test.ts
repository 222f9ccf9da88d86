import { expect } from 'chai'
import { textOf, textsOf } from '../harness.test.js'
import { forEachBackend } from './backends.test.js'
import { appendTexts, entriesOf, numbers, readNextTexts } from './entries.test.js'

const atLeastOnce = (persistEvery: number) => ({ consistency: { kind: 'AtLeastOnce', persistEvery } }) as const

describe('read consistency', () => {
  forEachBackend(({ open, openAsKilled }) => {
    it('strictly at once delivers nothing again after a kill', async () => {
      const walrus = await open()
      await appendTexts(walrus, 'logs', numbers(5, 1))
      expect(await readNextTexts(walrus, 'logs', 2)).to.deep.equal(['1', '2'])
      const after = await openAsKilled()
      expect(await readNextTexts(after, 'logs')).to.deep.equal(['3', '4', '5'])
      expect(await after.readNext('logs')).to.equal(undefined)
    })

    it('strictly at once holds for batch reads too', async () => {
      const walrus = await open()
      await walrus.appendBatch('logs', entriesOf(numbers(40)))
      await walrus.readBatch('logs', { maxEntries: 13 })
      expect(await readNextTexts(await openAsKilled(), 'logs')).to.deep.equal(numbers(27, 13))
    })

    it('at least once in three delivers two entries again, and the third no more once a fourth was asked for', async () => {
      const walrus = await open(atLeastOnce(3))
      await appendTexts(walrus, 'logs', numbers(10))
      await readNextTexts(walrus, 'logs', 2)
      expect(textOf(await (await openAsKilled(atLeastOnce(3))).readNext('logs'))).to.equal('0')
      await readNextTexts(walrus, 'logs', 2)
      expect(textOf(await (await openAsKilled(atLeastOnce(3))).readNext('logs'))).to.equal('3')
    })

    it('at least once counts each topic by itself', async () => {
      const walrus = await open(atLeastOnce(2))
      for (const topic of ['one', 'two']) {
        await appendTexts(walrus, topic, numbers(4))
        await readNextTexts(walrus, topic, 1)
      }
      const after = await openAsKilled(atLeastOnce(2))
      for (const topic of ['one', 'two']) expect(await readNextTexts(after, topic)).to.deep.equal(numbers(4))
    })

    it('at least once never delivers more again than it says, and skips nothing, wherever the kill comes', async () => {
      const persistEvery = 4
      const walrus = await open(atLeastOnce(persistEvery))
      await appendTexts(walrus, 'logs', numbers(40))
      for (let delivered = 1; delivered <= 20; delivered++) {
        await walrus.readNext('logs')
        const after = await openAsKilled(atLeastOnce(persistEvery))
        const position = (await after.readNext('logs'))?.offset
        expect(position, `after ${delivered}`).to.be.within(delivered - persistEvery, delivered)
        await after.close()
      }
    })

    it('at least once records the progress of batch reads, at the end of the log too', async () => {
      const walrus = await open(atLeastOnce(10))
      await walrus.appendBatch('logs', entriesOf(numbers(995)))
      for (let read = 0; read < 995;) read += (await walrus.readBatch('logs', { maxEntries: 10 })).length
      const after = await openAsKilled(atLeastOnce(10))
      expect(after.unreadCount('logs')).to.be.within(0, 10)
      const unread = after.unreadCount('logs')
      expect(await readNextTexts(after, 'logs')).to.deep.equal(numbers(unread, 995 - unread))
    })

    it('at least once delivers again at most one batch that is larger than its bound', async () => {
      const walrus = await open(atLeastOnce(5))
      await walrus.appendBatch('logs', entriesOf(numbers(25)))
      await walrus.readBatch('logs', { maxEntries: 7 })
      const after = await openAsKilled(atLeastOnce(5))
      const replayed = await readNextTexts(after, 'logs')
      expect(replayed).to.deep.equal(numbers(replayed.length, 25 - replayed.length))
      expect([18, 25]).to.include(replayed.length)
    })

    it('at least once records everything at close', async () => {
      let walrus = await open(atLeastOnce(1000))
      await appendTexts(walrus, 'logs', numbers(20))
      await readNextTexts(walrus, 'logs', 13)
      await walrus.close()
      walrus = await open(atLeastOnce(1000))
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal(numbers(7, 13))
    })

    it('takes a bound of zero for one', async () => {
      const walrus = await open(atLeastOnce(0))
      await appendTexts(walrus, 'logs', numbers(6))
      for (let delivered = 1; delivered <= 4; delivered++) {
        expect(textOf(await walrus.readNext('logs'))).to.equal(String(delivered - 1))
        const after = await openAsKilled(atLeastOnce(0))
        expect((await after.readNext('logs'))?.offset).to.be.within(delivered - 1, delivered)
        await after.close()
      }
    })

    for (const [name, settings] of Object.entries({ 'strictly at once': {}, 'at least once': atLeastOnce(7) }))
      it(`gives eight readers of one cursor each entry once, ${name}`, async () => {
        const walrus = await open(settings)
        await walrus.appendBatch('logs', entriesOf(numbers(2000)))
        const seen: string[] = []
        const read = async (reader: number): Promise<void> => {
          for (;;) {
            const entries =
              reader % 2 === 0 ? [await walrus.readNext('logs')] : await walrus.readBatch('logs', { maxEntries: 3 })
            const delivered = entries.filter((entry) => entry !== undefined)
            if (delivered.length === 0) return
            seen.push(...textsOf(delivered))
          }
        }
        await Promise.all(Array.from({ length: 8 }, (_, reader) => read(reader)))
        expect(seen.sort((a, b) => Number(a) - Number(b))).to.deep.equal(numbers(2000))
      })
  })
})
