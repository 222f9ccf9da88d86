import { expect } from 'chai'
import { textsOf } from '../harness.test.js'
import { forEachBackend, USUAL_SIZES } from './backends.test.js'
import { KIBIBYTE, MEBIBYTE, noise } from './entries.test.js'

const AROUND = [64, 256, KIBIBYTE, 4 * KIBIBYTE, 64 * KIBIBYTE, MEBIBYTE].flatMap((size) => [size - 1, size, size + 1])
const BOUNDARIES = [0, 1, ...AROUND]

describe('sizes of entries', function () {
  this.timeout(60_000)
  forEachBackend(({ open, openAsKilled, firstFile }) => {
    for (const [name, sizes] of Object.entries({ small: {}, usual: USUAL_SIZES }))
      it(`around every boundary are kept to the byte, in blocks of ${name} size`, async () => {
        const walrus = await open({ ...sizes, fsync: { kind: 'none' } })
        for (const [nth, size] of BOUNDARIES.entries()) await walrus.append('single', noise(size, nth))
        await walrus.appendBatch('batch', BOUNDARIES.map(noise))
        for (const [nth, size] of BOUNDARIES.entries())
          for (const topic of ['single', 'batch']) {
            const entry = await walrus.readNext(topic)
            const same = Buffer.compare(entry!.data, noise(size, nth)) === 0
            expect([entry?.offset, same], `${size} bytes in "${topic}"`).to.deep.equal([nth, true])
          }
      })

    it('from one byte to a million may be mixed', async () => {
      let walrus = await open()
      const sizes = [1, 1_000_000, 10, 100_000, 100, 10_000, 1000, 0, 500_000]
      for (const [nth, size] of sizes.entries()) await walrus.append('logs', noise(size, nth))
      await walrus.close()
      walrus = await open()
      for (const [nth, size] of sizes.entries()) {
        const [entry] = await walrus.read('logs', nth, { maxEntries: 1 })
        expect(Buffer.compare(entry!.data, noise(size, nth)), `${size} bytes`).to.equal(0)
      }
    })

    it('of zero are entries like others, in every way to append and to read them', async () => {
      const walrus = await open()
      const empty = new Uint8Array()
      expect(await walrus.append('logs', empty)).to.equal(0)
      expect(await walrus.append('logs', Buffer.from('normal'))).to.equal(1)
      expect(await walrus.appendBatch('logs', [empty, empty])).to.deep.equal({ firstOffset: 2, lastOffset: 3 })
      const expected = ['', 'normal', '', '']
      for (const reader of [walrus, await openAsKilled()]) {
        expect(reader.unreadCount('logs')).to.equal(4)
        expect(textsOf(await reader.read('logs', 0))).to.deep.equal(expected)
        expect(textsOf(await reader.readBatch('logs', { checkpoint: false }))).to.deep.equal(expected)
        expect(textsOf(await reader.cursor('logs', 'named').nextBatch())).to.deep.equal(expected)
        const tailed: string[] = []
        for await (const entry of reader.tail('logs', { from: 'start' })) {
          tailed.push(...textsOf([entry]))
          if (tailed.length === 4) break
        }
        expect(tailed).to.deep.equal(expected)
        for (const text of expected) expect(textsOf([(await reader.readNext('logs'))!])).to.deep.equal([text])
        expect(await reader.readNext('logs')).to.equal(undefined)
      }
    })

    it('of a hundred mebibytes are kept to the byte, between small ones, over a restart', async () => {
      const entry = Buffer.alloc(100 * MEBIBYTE, noise(3 * MEBIBYTE + 1, 1))
      let walrus = await open(USUAL_SIZES)
      await walrus.append('logs', Buffer.from('before'))
      expect(await walrus.append('logs', entry)).to.equal(1)
      await walrus.append('logs', Buffer.from('behind'))
      await walrus.close()
      walrus = await open(USUAL_SIZES)
      const read = [await walrus.readNext('logs'), await walrus.readNext('logs'), await walrus.readNext('logs')]
      expect(textsOf([read[0]!, read[2]!])).to.deep.equal(['before', 'behind'])
      expect(Buffer.compare(read[1]!.data, entry)).to.equal(0)
    })

    it('say nothing about what entries hold: what looks like blocks, frames and zeros comes back as it was', async () => {
      const settings = { fsync: { kind: 'none' } } as const
      let walrus = await open(settings)
      await walrus.append('logs', Buffer.from('inner'))
      const file = await firstFile()
      const data = Buffer.from(file).indexOf('inner')
      const zeros = new Uint8Array(20_000)
      const headers = [file.subarray(0, 512), file.subarray(4096, 4608), file.subarray(data - 300, data + 300)]
      const entries = [...headers, file.slice(0, data + 4096), zeros, Buffer.concat([zeros, ...headers, zeros])]
      for (const entry of entries) await walrus.append('logs', entry)
      await walrus.appendBatch('logs', entries)
      for (let round = 0; round < 2; round++) {
        for (let nth = 0; nth < entries.length * 2; nth++) {
          const [entry] = await walrus.read('logs', 1 + nth, { maxEntries: 1 })
          expect(Buffer.compare(entry!.data, entries[nth % entries.length]!), `entry ${nth}`).to.equal(0)
        }
        walrus = await openAsKilled(settings)
      }
    })
  })
})
