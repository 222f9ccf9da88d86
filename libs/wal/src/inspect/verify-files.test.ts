import { MemoryBlockFiles } from '@walrus/adapters-memory'
import { crc32, writeU32 } from '@walrus/protocol'
import { expect } from 'chai'
import { SECTOR_BYTES, slotPosition } from '../format/geometry.js'
import { fill, LogFixture } from './log-fixture.test.js'
import { failingReads, lostBatch, offsetsIn, offsetsOf, PAYLOAD, rewriteSlot } from './tampering.test.js'

const FILE = '000000000001'

describe('verifying the files of a log', () => {
  let log: LogFixture
  beforeEach(() => (log = new LogFixture()))
  const findings = () => log.findings()

  it('tells a superblock that cannot be trusted', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 3))
    log.flip({ file: FILE, byte: 20 })
    const what = 'its superblock is damaged'
    expect(await findings()).to.deep.equal([{ severity: 'damage', kind: 'superblock', file: FILE, byte: 0, what }])
  })

  it('tells an unknown version, and goes on', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 3))
    const bytes = log.bytes(FILE)
    writeU32(bytes, 8, 9)
    writeU32(bytes, SECTOR_BYTES - 4, crc32(bytes.subarray(0, SECTOR_BYTES - 4)))
    const what = 'format version 9 is not known'
    expect(await findings()).to.deep.equal([{ severity: 'damage', kind: 'superblock', file: FILE, byte: 0, what }])
  })

  it('tells an open counter, the newest and the one before', async () => {
    for (const { byte, at } of [
      { byte: SECTOR_BYTES + 4, at: SECTOR_BYTES },
      { byte: 2 * SECTOR_BYTES + 4, at: 2 * SECTOR_BYTES },
    ]) {
      log = new LogFixture()
      await log.write(async (walrus) => fill(walrus, 'logs', 1))
      await log.write(async (walrus) => fill(walrus, 'more', 1))
      expect(await findings()).to.deep.equal([])
      log.flip({ file: FILE, byte })
      const what = 'the open counter is damaged'
      const expected = { severity: 'damage', kind: 'open-counter', file: FILE, byte: at, what }
      expect(await findings()).to.deep.equal([expected])
    }
  })

  it('tells a slot, and what is missing with it', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 12))
    const [first, second] = await log.runs('logs')
    log.flip({ file: FILE, byte: slotPosition(first!.firstBlock) }, 60)
    const byte = slotPosition(first!.firstBlock)
    const what = `the slot of block ${first!.firstBlock} at byte ${byte} is damaged`
    const entryCount = second!.firstOffset
    expect(await findings()).to.deep.equal([
      { severity: 'damage', kind: 'slot', file: FILE, byte, what },
      {
        ...{ severity: 'damage', kind: 'missing', file: FILE, byte: second!.byte, topic: 'logs', segment: 1 },
        ...{ offset: 0, entryCount, what: `entries up to ${entryCount} are missing` },
      },
    ])
  })

  it('tells a slot inside a run, which the engine does not read', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 12))
    const run = (await log.runs('logs')).find(({ blockCount }) => blockCount > 1)
    const inner = run!.firstBlock + 1
    log.bytes(FILE)[slotPosition(inner)] = 1
    const what = `the slot of block ${inner} at byte ${slotPosition(inner)} is damaged`
    const place = { file: FILE, byte: slotPosition(inner) }
    expect(await findings()).to.deep.equal([{ severity: 'damage', kind: 'slot', ...place, what }])
  })

  it('tells a slot that claims more than there is', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 1))
    const [run] = await log.runs('logs')
    rewriteSlot(log, run!, (slot) => ({ ...slot, blockCount: 99 }))
    const what = `the slot of block 0 claims 99 blocks, which the file does not have`
    const place = { file: FILE, byte: slotPosition(0), topic: 'logs', segment: 1 }
    expect(await findings()).to.deep.equal([{ severity: 'damage', kind: 'slot', ...place, what }])
  })

  it('tells a file that was cut short, and the entries that went with its end', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 12))
    const bytes = log.bytes(FILE)
    const last = (await log.batches('logs')).at(-1)!
    log.disk.files.set(FILE, bytes.slice(0, last.byte + 500))
    const what = `it has ${last.byte + 500} bytes, its superblock says ${bytes.length}`
    expect(await findings()).to.deep.equal([
      { severity: 'damage', kind: 'file-size', file: FILE, byte: last.byte + 500, what },
      lostBatch(last, 'payload checksum'),
    ])
  })

  it('reads no further than a file goes whose superblock claims 2 GiB of slots', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 1))
    const bytes = log.bytes(FILE)
    writeU32(bytes, 16, 1 << 22)
    writeU32(bytes, SECTOR_BYTES - 4, crc32(bytes.subarray(0, SECTOR_BYTES - 4)))
    const before = process.memoryUsage().arrayBuffers
    const [{ kind } = { kind: 'none' }] = await findings()
    expect(kind).to.equal('file-size')
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(64 << 20)
  })

  it('tells a file that is cut before its first slot', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 1))
    log.disk.files.set(FILE, log.bytes(FILE).slice(0, 100))
    const place = { file: FILE, byte: 0 }
    const expected = { severity: 'damage', kind: 'superblock', ...place, what: 'it has 100 bytes' }
    expect(await findings()).to.deep.equal([expected])
  })

  it('tells places that the system cannot read, and what is lost there', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 12))
    const batch = (await log.batches('logs'))[5]!
    const bad = batch.byte + PAYLOAD + 100
    const directory = failingReads(await MemoryBlockFiles.open(log.disk), bad)
    const { findings: all } = await log.verify(directory)
    const piece = bad - (bad % 4096)
    expect(all.filter(({ kind }) => kind === 'unreadable')).to.deep.equal([
      { severity: 'damage', kind: 'unreadable', file: FILE, byte: piece, what: 'Cannot read: i/o error (EIO)' },
    ])
    const lost = all.filter(({ kind }) => kind === 'batch')
    expect(offsetsOf(lost)).to.include(batch.firstOffset)
    for (const { byte } of lost) expect(byte).to.be.within(piece - 1100, piece + 4096)
  })

  it('tells a file that is not there, and what is missing with it', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 150), { segmentBytesMax: 20_000 })
    const lost = '000000000002'
    expect(log.disk.files.has('000000000003')).to.equal(true)
    const runs = await log.runs('logs')
    expect(
      runs.some(({ file }) => file === lost),
      'the file was used',
    ).to.equal(true)
    log.disk.files.delete(lost)
    const all = await findings()
    expect(all[0]).to.include({ severity: 'note', kind: 'absent-file' })
    expect(all[0]!.what).to.match(/^file 2 is absent: /)
    const missing = all.slice(1)
    expect(new Set(missing.map(({ kind }) => kind))).to.deep.equal(new Set(['missing']))
    expect(offsetsOf(missing)).to.deep.equal(offsetsIn(runs.filter(({ file }) => file === lost)))
  })

  it('tells a file under the name of another', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 1))
    log.disk.files.set('000000000002', log.bytes(FILE).slice())
    const what = `by its superblock it is file 1, and so is ${FILE}`
    const [first, second] = await findings()
    expect(first).to.deep.equal({ severity: 'damage', kind: 'conflict', file: '000000000002', byte: 0, what })
    expect(second).to.include({ kind: 'conflict', what: 'run 0 of the segment stands in two places' })
  })

  it('names a file whose creation was interrupted, without harm', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 1))
    log.disk.files.set('000000000002', new Uint8Array(log.bytes(FILE).length))
    const what = 'its creation was interrupted'
    const expected = { severity: 'note', kind: 'unfinished-file', file: '000000000002', what }
    expect(await findings()).to.deep.equal([expected])
  })
})
