import { writeU32 } from '@walrus/protocol'
import { seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { SECTOR_BYTES, slotPosition } from '../format/geometry.js'
import { bytesOf } from '../harness.test.js'
import { fill, LogFixture } from './log-fixture.test.js'
import {
  HEADER,
  lostBatch,
  offsetsIn,
  offsetsOf,
  PAYLOAD,
  readSlot,
  recode,
  rewriteSlot,
  swapSlots,
  writeSlot,
} from './tampering.test.js'
import type { BatchView } from './views.js'

const FILE = '000000000001'

describe('verifying a log', () => {
  let log: LogFixture
  beforeEach(() => (log = new LogFixture()))

  const findings = () => log.findings()

  describe('that is whole', () => {
    it('finds nothing after segments, cursors, restarts and a kill, and counts what it read', async () => {
      const settings = { segmentBytesMax: 6000 }
      await log.write(async (walrus) => {
        await fill(walrus, 'logs', 20)
        await walrus.appendBatch('other', [bytesOf('a'), bytesOf(''), bytesOf('c')])
        await walrus.readBatch('logs', { maxEntries: 7 })
      }, settings)
      await log.writeAndDie(async (walrus) => {
        await fill(walrus, 'logs', 20)
        await walrus.readNext('other')
      }, settings)
      const { findings: all, summary } = await log.verify()
      expect(all).to.deep.equal([])
      const batches = [...(await log.batches('logs')), ...(await log.batches('other'))]
      expect(summary).to.deep.equal({
        whole: true,
        damageCount: 0,
        noteCount: 0,
        fileCount: log.disk.files.size,
        topicCount: 2,
        segmentCount: new Set(batches.map(({ topic, segment }) => `${topic} ${segment}`)).size,
        batchCount: batches.length,
        entryCount: 43,
        bytes: batches.reduce((sum, { payloadBytes }) => sum + PAYLOAD + payloadBytes, 0),
      })
    })

    it('finds nothing in an empty directory', async () => {
      expect((await log.verify()).summary).to.include({ whole: true, fileCount: 0, topicCount: 0 })
    })

    it('reads blocks that were used before', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 12), { segmentBytesMax: 6000 })
      const [first, ...others] = await log.runs('logs')
      for (const run of [first!, ...others].filter(({ segment }) => segment === 1))
        rewriteSlot(log, run, (slot) => ({ ...slot, state: 'free' }))
      await log.write(async (walrus) => fill(walrus, 'next', 3))
      expect((await log.runs('next'))[0]).to.include({ file: first!.file, firstBlock: first!.firstBlock })
      expect(await findings()).to.deep.equal([])
    })
  })

  describe('whose sealed batches are damaged', () => {
    let batches: BatchView[]
    beforeEach(async () => {
      await log.write(
        async (walrus) => {
          await fill(walrus, 'logs', 140)
          await fill(walrus, 'other', 3)
        },
        { segmentBytesMax: 140_000 },
      )
      batches = (await log.batches('logs')).filter(({ segment, kind }) => segment === 1 && kind === 'entries')
      expect(batches.length).to.be.greaterThan(10)
    })

    for (const { part, at, what } of [
      { part: 'generation of the frame', at: 0, what: 'no batch of this run' },
      { part: 'frame', at: 12, what: 'frame checksum' },
      { part: 'header', at: HEADER + 20, what: 'batch header: header-crc' },
      { part: 'magic', at: HEADER, what: 'batch header: magic' },
      { part: 'payload', at: PAYLOAD + 77, what: 'payload checksum' },
    ]) {
      it(`tells a changed byte in the ${part}`, async () => {
        log.flip(batches[6]!, at)
        expect(await findings()).to.deep.equal([lostBatch(batches[6]!, what)])
      })
    }

    it('tells each of several, neighbours and the last of a run too', async () => {
      const lastOfRun = batches.findIndex(({ byte }, at) => (batches[at + 1]?.byte ?? 0) !== byte + 1092)
      const damaged = [0, 3, 4, 9].map((at) => batches[at]!)
      expect(lastOfRun).to.be.greaterThan(-1)
      for (const batch of damaged) log.flip(batch, PAYLOAD + 5)
      expect(await findings()).to.deep.equal(damaged.map((batch) => lostBatch(batch, 'payload checksum')))
    })

    it('tells a row of damaged frames as one stretch: where the second begins, nobody can tell', async () => {
      const [a, b] = [batches[7]!, batches[8]!]
      for (const batch of [a, b]) log.flip(batch, 12)
      const byteCount = b.byte + PAYLOAD + b.payloadBytes - a.byte
      const expected = { ...lostBatch(a, 'frame checksum'), byteCount, entryCount: 2 }
      expect(await findings()).to.deep.equal([expected])
    })

    it('tells blocks that changed places', async () => {
      const run = (await log.runs('logs')).find(({ segment, blockCount }) => segment === 1 && blockCount >= 4)!
      log.swap(run.file, run.byte + 4096, run.byte + 2 * 4096, 4096)
      const all = await findings()
      const within = batches.filter(
        ({ file, byte }) => file === run.file && byte + 1092 > run.byte + 4096 && byte < run.byte + 3 * 4096,
      )
      expect(offsetsOf(all)).to.deep.equal(within.map(({ firstOffset }) => firstOffset))
      for (const { file, byte } of all) {
        expect(file).to.equal(run.file)
        expect(byte, 'at most the first whole one behind').to.be.within(run.byte + 3004, run.byte + 3 * 4096 + 1092)
      }
    })

    it('tells any changed byte of any batch, and where it stands', async () => {
      const random = seededRandom(4)
      const all = [...(await log.batches('logs')), ...(await log.batches('other'))]
      for (let round = 0; round < 150; round++) {
        const batch = all[Math.floor(random() * all.length)]!
        const at = Math.floor(random() * (PAYLOAD + batch.payloadBytes))
        log.flip(batch, at)
        const [found, ...more] = await findings()
        expect(more, `byte ${at} of the batch at ${batch.byte}`).to.deep.equal([])
        const { file, byte, topic, segment, firstOffset: offset, entryCount } = batch
        expect(found, `byte ${at}`).to.include({ kind: 'batch', file, byte, topic, segment, offset, entryCount })
        log.flip(batch, at)
      }
    })

    it('tells a batch that is not the next one', async () => {
      recode(log, { ...batches[5]!, firstOffset: 6 }, () => undefined)
      const all = await findings()
      expect(all.map(({ byte, offset, entryCount, what }) => ({ byte, offset, entryCount, what }))).to.deep.equal([
        {
          ...{ byte: batches[5]!.byte, offset: 5, entryCount: 1 },
          what: 'batch out of order: it starts at entry 6, expected 5',
        },
        {
          ...{ byte: batches[6]!.byte, offset: 7, entryCount: 0 },
          what: 'batch out of order: it starts at entry 6, expected 7',
        },
      ])
    })

    it('tells entries and control records under a good checksum that are none', async () => {
      recode(log, batches[2]!, (payload) => writeU32(payload, 0, 7))
      const control = (await log.batches('logs')).find(({ kind }) => kind === 'state')!
      recode(log, control, (payload) => (payload[0] = 99))
      const { file, byte, segment, firstOffset: offset } = batches[2]!
      const all = await findings()
      expect(all).to.have.length(2)
      expect(all).to.deep.include({
        ...{ severity: 'damage', kind: 'content', file, byte, topic: 'logs', segment, offset, entryCount: 1 },
        what: 'payload is no list of entries: surplus-bytes',
      })
      expect(all.find((one) => one.byte === control.byte)).to.include({ what: 'control records: unknown-kind' })
    })
  })

  describe('whose open run is damaged', () => {
    beforeEach(async () => log.writeAndDie(async (walrus) => fill(walrus, 'logs', 5, 300)))

    it('tells what a later batch knew durable', async () => {
      const batches = await log.batches('logs')
      log.flip(batches[1]!, PAYLOAD)
      log.flip(batches[3]!, 12)
      expect(await findings()).to.deep.equal([
        lostBatch(batches[1]!, 'payload checksum'),
        lostBatch(batches[3]!, 'frame checksum'),
      ])
    })

    it('names the last batch as a torn tail, which is no damage', async () => {
      const last = (await log.batches('logs')).at(-1)!
      log.flip(last, PAYLOAD + 9)
      const { file, byte, topic, segment, firstOffset: offset } = last
      const what = 'torn tail, never known durable: payload checksum'
      const expected = { severity: 'note', kind: 'torn-tail', file, byte, topic, segment, offset, what }
      expect(await findings()).to.deep.equal([expected])
    })

    it('names a tail without beginning, and the first batch of all', async () => {
      const batches = await log.batches('logs')
      log.bytes(FILE).fill(0, batches[0]!.byte + 30)
      const { byte, topic, segment } = batches[0]!
      const what = 'torn tail, never known durable: batch header: header-crc'
      const expected = { severity: 'note', kind: 'torn-tail', file: FILE, byte, topic, segment, offset: 0, what }
      expect(await findings()).to.deep.equal([expected])
    })

    it('tells the last batch too once a clean stop vouches for it', async () => {
      await log.write(async () => undefined)
      const last = (await log.batches('logs')).at(-1)!
      log.flip(last, PAYLOAD + 9)
      const [found, ...more] = await findings()
      expect(more).to.deep.equal([])
      const { file, byte, firstOffset: offset } = last
      expect(found).to.include({ severity: 'damage', kind: 'batch', file, byte, offset, what: 'payload checksum' })
    })

    it('tells slots that changed places', async () => {
      await log.writeAndDie(async (walrus) => fill(walrus, 'other', 2, 300))
      const [[a], [b]] = [await log.runs('logs'), await log.runs('other')]
      const places = [slotPosition(a!.firstBlock), slotPosition(b!.firstBlock)] as const
      log.swap(FILE, ...places, SECTOR_BYTES)
      const all = await findings()
      expect(all.map(({ kind, byte }) => ({ kind, byte }))).to.deep.equal(
        places.map((byte) => ({ kind: 'slot', byte })),
      )
    })

    it('tells slots that were exchanged under good checksums, though both runs look empty', async () => {
      await log.writeAndDie(async (walrus) => fill(walrus, 'other', 2, 300))
      const [a] = await log.runs('logs')
      const [b] = await log.runs('other')
      rewriteSlot(log, a!, (slot) => ({ ...slot, knownBytes: 0, knownEndIndex: 0 }))
      swapSlots(log, a!, b!)
      const all = await findings()
      expect(all.map(({ kind, byte }) => ({ kind, byte }))).to.deep.equal([
        { kind: 'conflict', byte: b!.byte },
        { kind: 'conflict', byte: a!.byte },
      ])
      expect(all[0]!.what).to.equal(
        `a batch of topic "other" segment 1 stands here, whose slot is that of block ${a!.firstBlock}`,
      )
    })
  })

  describe('whose runs and segments do not fit together', () => {
    it('names a chain that was torn before anything vouched for it', async () => {
      await log.writeAndDie(async (walrus) => fill(walrus, 'logs', 30), { fsync: { kind: 'none' } })
      const [, second, third, ...rest] = await log.runs('logs')
      expect(third).not.to.equal(undefined)
      log.bytes(FILE).fill(0, second!.byte, second!.byte + second!.capacityBytes)
      const all = await findings()
      expect(all.map(({ severity, kind, byte }) => ({ severity, kind, byte }))).to.deep.equal(
        [third!, ...rest].map(({ byte }) => ({ severity: 'note', kind: 'torn-run', byte })),
      )
    })

    it('names a segment whose removal was interrupted', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 12))
      const [first] = await log.runs('logs')
      rewriteSlot(log, first!, (slot) => ({ ...slot, state: 'free' }))
      const what = 'the segment was being removed; the next start completes it'
      const expected = { severity: 'note', kind: 'half-removed', topic: 'logs', segment: 1, what }
      expect(await findings()).to.deep.equal([expected])
    })

    it('believes in a removal although a file is absent, where the slot of the beginning says so', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 60))
      const [first, ...others] = (await log.runs('logs')).filter(({ file }) => file !== FILE)
      expect(first).not.to.equal(undefined)
      log.disk.files.delete(FILE)
      const lost = { kind: 'missing', topic: 'logs', segment: 1, offset: 0, entryCount: first!.firstOffset }
      expect((await findings())[1]).to.include({ severity: 'damage', ...lost })
      rewriteSlot(log, first!, (slot) => ({ ...slot, state: 'free', beginsSegment: true }))
      expect(others.length).to.be.greaterThan(0)
      expect((await findings()).map(({ severity, kind }) => ({ severity, kind }))).to.deep.equal([
        { severity: 'note', kind: 'absent-file' },
        { severity: 'note', kind: 'half-removed' },
      ])
    })

    it('tells segments that are missing between others', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 40), { segmentBytesMax: 6000 })
      const runs = await log.runs('logs')
      const lost = runs.filter(({ segment }) => segment === 3 || segment === 4)
      for (const run of lost) rewriteSlot(log, run, (slot) => ({ ...slot, state: 'free' }))
      const [offset, entryCount] = [lost[0]!.firstOffset, offsetsIn(lost).length]
      const what = `entries up to offset ${offset + entryCount} are missing, with the segments that held them`
      const place = { topic: 'logs', segment: 3, offset, entryCount }
      expect(await findings()).to.deep.equal([{ severity: 'damage', kind: 'missing', ...place, what }])
    })

    it('tells nothing of segments that are gone before the oldest', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 40), { segmentBytesMax: 6000 })
      for (const run of await log.runs('logs'))
        if (run.segment <= 2) rewriteSlot(log, run, (slot) => ({ ...slot, state: 'free' }))
      expect(await findings()).to.deep.equal([])
    })

    it('tells a segment that ends before the next begins, or behind', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 20), { segmentBytesMax: 6000 })
      const second = (await log.runs('logs')).filter(({ segment }) => segment === 2)
      const base = second[0]!.firstOffset
      const shift = (by: number) => {
        for (const run of second) rewriteSlot(log, run, (slot) => ({ ...slot, baseOffset: slot.baseOffset + by }))
      }
      shift(2)
      expect((await findings())[0]).to.deep.include({
        ...{ severity: 'damage', kind: 'missing', topic: 'logs', segment: 1, offset: base, entryCount: 2 },
        what: `entries up to ${base + 2} are missing`,
      })
      shift(-4)
      expect((await findings())[0]).to.deep.equal({
        ...{ severity: 'damage', kind: 'conflict', topic: 'logs', segment: 2, offset: base - 2, entryCount: 2 },
        what: `segment 2 starts at offset ${base - 2}, segment 1 ends at ${base}`,
      })
    })

    it('tells a slot that promises more than there is', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 12))
      const [first, second] = await log.runs('logs')
      rewriteSlot(log, second!, (slot) => ({ ...slot, knownEndIndex: slot.knownEndIndex + 1 }))
      const all = await findings()
      const from = second!.firstOffset + second!.entryCount
      expect(all[0]).to.include({ kind: 'batch', offset: from, entryCount: 1 })
      expect(all[0]!.what).to.equal(`entries up to ${from} where the slot says ${from + 1}`)
      expect(first!.entryCount).to.be.greaterThan(0)
    })

    it('tells two slots of one run', async () => {
      await log.write(async (walrus) => fill(walrus, 'logs', 1))
      writeSlot(log, { file: FILE, firstBlock: 3 }, readSlot(log, { file: FILE, firstBlock: 0 }))
      const [found] = await findings()
      expect(found).to.include({ kind: 'conflict', byte: slotPosition(3), topic: 'logs', segment: 1 })
      expect(found!.what).to.equal('the slots of blocks 0 and 3 describe one run')
    })
  })
})
