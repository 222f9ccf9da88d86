import type { WalrusError } from '@walrus/core'
import { BATCH_HEADER_BYTES, crc32 } from '@walrus/protocol'
import { expect } from 'chai'
import { FRAME_BYTES } from '../format/frame.js'
import { failureOf, textsOf } from '../harness.test.js'
import { BlockFileFixture, FILE_NAME, type RunFixture } from './run-fixture.test.js'
import { RunReader } from './run-reader.js'

const OWNER = { topic: 'logs', segment: 3, baseOffset: 1000 }
const UNLIMITED = { maxEntries: 1000, maxBytes: 1 << 20 }

describe('run reader', () => {
  let file: BlockFileFixture
  let fixtures: RunFixture[]
  let reader: RunReader
  let behindFirstBatch: number

  beforeEach(async () => {
    file = await BlockFileFixture.create(64)
    fixtures = [file.run(), file.run({ number: 1, firstIndex: 4 })]
    await fixtures[0]!.add(['a', 'bb', 'ccc'])
    behindFirstBatch = await fixtures[0]!.add(['dddd'])
    await fixtures[1]!.addControl([{ kind: 'snapshot' }])
    await fixtures[1]!.add(['e', 'f'])
    reader = new RunReader(OWNER, crc32)
  })

  const runs = (): Parameters<RunReader['read']>[0] => fixtures.map((fixture) => fixture.committed())
  const read = async (fromIndex: number, limits = {}): Promise<string[]> =>
    textsOf(await reader.read(runs(), fromIndex, { ...UNLIMITED, ...limits }))

  it('reads from any entry to the end, over batches and runs, leaving out control batches', async () => {
    const all = ['a', 'bb', 'ccc', 'dddd', 'e', 'f']
    for (const from of all.keys()) expect(await read(from)).to.deep.equal(all.slice(from))
  })

  it('gives each entry its offset and the time of its batch', async () => {
    const entries = await reader.read(runs(), 2, UNLIMITED)
    expect(entries.map(({ offset, timestampMs }) => [offset, timestampMs])).to.deep.equal(
      [1002, 1003, 1004, 1005].map((offset) => [offset, 7]),
    )
  })

  it('stops at either limit, and gives the first entry in any case', async () => {
    expect(await read(0, { maxEntries: 2 })).to.deep.equal(['a', 'bb'])
    expect(await read(0, { maxBytes: 3 })).to.deep.equal(['a', 'bb'])
    expect(await read(0, { maxBytes: 5 })).to.deep.equal(['a', 'bb'])
    expect(await read(0, { maxBytes: 6 })).to.deep.equal(['a', 'bb', 'ccc'])
    expect(await read(3, { maxBytes: 0 })).to.deep.equal(['dddd'])
    expect(await read(3, { maxBytes: 5 })).to.deep.equal(['dddd', 'e'])
  })

  it('leaves out nothing where more is committed to two runs while it reads the first', async () => {
    const [first, second] = runs()
    const whole = [first!.committedBytes, second!.committedBytes]
    first!.committedBytes = behindFirstBatch
    second!.committedBytes = 0
    const readFile = file.store.read.bind(file.store)
    file.store.read = (position, length) => {
      first!.committedBytes = whole[0]!
      second!.committedBytes = whole[1]!
      return readFile(position, length)
    }
    const reading = reader.read([first!, second!], 0, UNLIMITED)
    expect(textsOf(await reading)).to.deep.equal(['a', 'bb', 'ccc'])
  })

  it('goes on where the read before stopped, without looking for it', async () => {
    const large = file.run({ blockCount: 50 })
    for (let nth = 0; nth < 100; nth++) await large.add([String(nth).padEnd(1900, '.')])
    const run = large.committed()
    run.indexed = true
    await reader.read([run], 0, { maxEntries: 60, maxBytes: 1 << 20 })
    file.readLengths.length = 0
    const [next] = await reader.read([run], 60, { maxEntries: 1, maxBytes: 1 })
    expect(next?.offset).to.equal(1060)
    expect(file.readLengths.reduce((sum, length) => sum + length, 0)).to.be.at.most(20 * 1024)
  })

  it('goes on in the middle of a batch with what the read before had in hand', async () => {
    const large = file.run({ blockCount: 50 })
    const texts = Array.from({ length: 300 }, (_, nth) => String(nth).padEnd(100, '.'))
    for (const at of [0, 100, 200]) await large.add(texts.slice(at, at + 100))
    const run = large.committed()
    const first = textsOf(await reader.read([run], 0, { maxEntries: 150, maxBytes: 1 << 20 }))
    file.readLengths.length = 0
    const second = textsOf(await reader.read([run], 150, { maxEntries: 30, maxBytes: 1 << 20 }))
    expect([...first, ...second]).to.deep.equal(texts.slice(0, 180))
    expect(file.readLengths).to.deep.equal([])
    expect(textsOf(await reader.read([run], 180, UNLIMITED))).to.deep.equal(texts.slice(180))
  })

  it('shares nothing between two reads that go on from the same entry at once', async () => {
    await reader.read(runs(), 0, { maxEntries: 1, maxBytes: 1 })
    const both = await Promise.all([reader.read(runs(), 1, UNLIMITED), reader.read(runs(), 1, UNLIMITED)])
    for (const entries of both) expect(textsOf(entries)).to.deep.equal(['bb', 'ccc', 'dddd', 'e', 'f'])
  })

  it('goes on at the end with what was committed since, without reading again what stands before', async () => {
    const tail = file.run({ blockCount: 50 })
    for (let nth = 0; nth < 30; nth++) await tail.add(['x'.repeat(1900)])
    const run = tail.committed()
    await reader.read([run], 0, UNLIMITED)
    const end = run.committedBytes
    await tail.add(['later'])
    run.committedBytes = tail.end
    run.endIndex = tail.endIndex
    file.readLengths.length = 0
    expect(textsOf(await reader.read([run], 30, UNLIMITED))).to.deep.equal(['later'])
    expect(file.readLengths).to.deep.equal([run.committedBytes - end])
  })

  it('reads about as much as the wanted entries take', async () => {
    const large = file.run({ blockCount: 60 })
    for (let nth = 0; nth < 100; nth++) await large.add(Array.from({ length: 10 }, () => 'x'.repeat(200)))
    await reader.read([large.committed()], 0, { maxEntries: 150, maxBytes: 1 << 20 })
    expect(file.readLengths.reduce((sum, length) => sum + length, 0)).to.be.within(30_000, 40_000)
  })

  it('finds an entry in a large run without reading all before it, once it has been through', async () => {
    const large = file.run({ blockCount: 50 })
    for (let nth = 0; nth < 100; nth++) await large.add([String(nth).padEnd(1900, '.')])
    const run = large.committed()
    await reader.read([run], 70, { maxEntries: 1, maxBytes: 1 })
    expect(run.indexed).to.equal(true)
    file.readLengths.length = 0
    const [entry] = await reader.read([run], 80, { maxEntries: 1, maxBytes: 1 })
    expect(entry?.offset).to.equal(1080)
    expect(file.readLengths.reduce((sum, length) => sum + length, 0)).to.be.at.most(84 * 1024)
  })

  it('reads a batch that is larger than what it reads at once', async () => {
    const large = file.run({ blockCount: 30 })
    await large.add(['x'.repeat(100_000)])
    expect((await reader.read([large.committed()], 0, { maxEntries: 1, maxBytes: 1 }))[0]?.data.length).to.equal(
      100_000,
    )
  })

  describe('at damage', () => {
    beforeEach(() => fixtures[0]!.flip(FRAME_BYTES + BATCH_HEADER_BYTES + 4))

    it('says file, byte, topic, segment and offset', async () => {
      const failure = await failureOf(read(0))
      const position = file.store.positionOf(0)
      expect(failure.code).to.equal('CORRUPT_DATA')
      expect(failure.message).to.equal(
        `Cannot read offset 1000 of topic "logs" segment 3 (file ${FILE_NAME} at byte ${position}): payload checksum`,
      )
    })

    it('says so to every reader, never skipping to what is whole', async () => {
      for (const from of [0, 1, 2, 2]) expect((await failureOf(read(from))).code).to.equal('CORRUPT_DATA')
      expect(await read(4)).to.deep.equal(['e', 'f'])
    })

    it('gives what stands before first', async () => {
      fixtures[0]!.flip(FRAME_BYTES + BATCH_HEADER_BYTES + 4)
      fixtures[1]!.flip(fixtures[1]!.end - 1)
      expect(await read(1)).to.deep.equal(['bb', 'ccc', 'dddd'])
      expect((await failureOf(read(4))).code).to.equal('CORRUPT_DATA')
    })

    it('lets an error of the disk through as it is', async () => {
      await file.file.close()
      const failure: WalrusError = await failureOf(read(0))
      expect(failure.code).to.equal('STORAGE_CLOSED')
    })
  })
})
