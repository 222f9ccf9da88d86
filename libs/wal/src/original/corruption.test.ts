import { expect } from 'chai'
import { bytesOf, failureOf, paddedEntry, problemList, readAll, textOf, textsOf } from '../harness.test.js'
import { forEachBackend } from './backends.test.js'
import { appendTexts, noise, numbers, readNextTexts } from './entries.test.js'

const TINY_SEGMENTS = { segmentBytesMax: 700 }

describe('corrupted files', () => {
  forEachBackend(({ open, overwrite }) => {
    it('give an error for a changed entry, never other bytes, and what stands before and elsewhere', async () => {
      let walrus = await open()
      for (let nth = 0; nth < 5; nth++) await walrus.append('logs', paddedEntry(`entry-${nth}`, 50))
      await walrus.append('other', bytesOf('whole'))
      await walrus.close()
      await overwrite(bytesOf('entry-3'), bytesOf('entry-8'))
      const { problems, onProblem } = problemList()
      walrus = await open({ onProblem })
      expect(problems).to.have.length(1)
      expect(problems[0]).to.contain('topic "logs" segment 1')
      expect(textsOf(await walrus.read('logs', 0)).map((text) => text.split(' ')[0])).to.deep.equal([
        ...['entry-0', 'entry-1', 'entry-2'],
      ])
      expect(textOf(await walrus.readNext('logs', { checkpoint: false }))).to.match(/^entry-0 /)
      for (const call of [walrus.read('logs', 3), walrus.readNext('logs'), walrus.readBatch('logs')])
        expect((await failureOf(call)).code).to.equal('CORRUPT_DATA')
      expect(await readAll(walrus, 'other')).to.deep.equal(['whole'])
      expect(await walrus.append('other', bytesOf('more'))).to.equal(1)
    })

    it('do not crash an opening, though a header says nonsense', async () => {
      let walrus = await open()
      await walrus.append('logs', bytesOf('first'))
      await walrus.append('logs', paddedEntry('second', 100))
      await walrus.close()
      await overwrite(paddedEntry('second', 100), new Uint8Array(100).fill(0xff))
      const { problems, onProblem } = problemList()
      walrus = await open({ onProblem })
      expect(problems.length).to.be.greaterThan(0)
      expect(textsOf(await walrus.read('logs', 0))).to.deep.equal(['first'])
      expect((await failureOf(walrus.read('logs', 1))).code).to.equal('CORRUPT_DATA')
      await walrus.deleteTopic('logs')
      expect(await walrus.append('logs', bytesOf('anew'))).to.equal(0)
      expect(await readNextTexts(walrus, 'logs')).to.deep.equal(['anew'])
    })

    it('of which a piece is zeros keep what stands before it, and say so of what does not', async () => {
      let walrus = await open()
      for (let nth = 0; nth < 20; nth++)
        await walrus.append('logs', nth === 12 ? noise(9000, 12) : paddedEntry(`${nth}`, 100))
      await walrus.close()
      await overwrite(noise(9000, 12).subarray(4000, 6000), new Uint8Array(2000))
      const { problems, onProblem } = problemList()
      walrus = await open({ onProblem })
      expect(problems.length).to.be.greaterThan(0)
      expect(await walrus.read('logs', 0)).to.have.length(12)
      expect((await failureOf(walrus.read('logs', 12))).message).to.match(/^Cannot read offset 12 of topic "logs"/)
    })

    it('let a reader go on behind the damage when it is told where to', async () => {
      let walrus = await open(TINY_SEGMENTS)
      for (let nth = 0; nth < 20; nth++) await walrus.append('logs', paddedEntry(`entry-${nth}`, 300))
      await walrus.close()
      await overwrite(bytesOf('entry-6 '), bytesOf('entry-x '))
      walrus = await open(TINY_SEGMENTS)
      expect(await readNextTexts(walrus, 'logs', 6)).to.have.length(6)
      const failure = await failureOf(walrus.readNext('logs'))
      expect([failure.code, failure.message.includes('Cannot read offset 6 of topic "logs"')]).to.deep.equal([
        'CORRUPT_DATA',
        true,
      ])
      const cursor = walrus.cursor('logs', 'patient')
      await cursor.seek({ offset: 9 })
      expect((await cursor.nextBatch()).map(({ offset }) => offset)).to.deep.equal(numbers(11, 9).map(Number))
      expect(await walrus.append('logs', bytesOf('more'))).to.equal(20)
      expect(textsOf(await walrus.read('logs', 20))).to.deep.equal(['more'])
    })

    it('are given up up to an offset when the user says so, and go on for good', async () => {
      let walrus = await open(TINY_SEGMENTS)
      for (let nth = 0; nth < 20; nth++) await walrus.append('logs', paddedEntry(`entry-${nth}`, 300))
      await walrus.close()
      await overwrite(bytesOf('entry-3 '), bytesOf('entry-x '))
      walrus = await open(TINY_SEGMENTS)
      await failureOf(walrus.readBatch('logs').then(() => walrus.readBatch('logs')))
      await walrus.truncateBefore('logs', 6)
      expect((await walrus.readNext('logs'))?.offset).to.equal(6)
      await walrus.close()
      walrus = await open(TINY_SEGMENTS)
      expect((await walrus.readNext('logs'))?.offset).to.equal(7)
      await appendTexts(walrus, 'logs', ['more'])
      expect(walrus.entryCount('logs')).to.equal(15)
    })
  })
})
