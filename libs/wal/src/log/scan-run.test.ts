import { BATCH_HEADER_BYTES, crc32, writeBatchHeader } from '@walrus/protocol'
import { expect } from 'chai'
import { FRAME_BYTES } from '../format/frame.js'
import { BLOCK_BYTES, BlockFileFixture, type RunFixture } from './run-fixture.test.js'
import { scanRun, type RunContent } from './scan-run.js'

describe('scanning a run that was not closed', () => {
  let run: RunFixture

  beforeEach(async () => {
    run = (await BlockFileFixture.create()).run({ blockCount: 4, firstIndex: 50 })
  })

  const scan = (knownBytes = 0, index = Infinity): Promise<RunContent> =>
    scanRun(run.unread(), knownBytes, { index, position: Infinity }, crc32)

  it('finds nothing in a run that was never written to', async () => {
    expect(await scan()).to.deep.include({ committedBytes: 0, endIndex: 50, residue: false, damage: undefined })
  })

  it('finds all batches up to the end', async () => {
    await run.add(['a', 'b'])
    await run.add(['c'])
    expect(await scan()).to.deep.include({
      ...{ committedBytes: run.end, endIndex: 53, lastTimestampMs: 7, residue: false, damage: undefined },
    })
  })

  it('marks where the entries stand', async () => {
    await run.add(['a'.repeat(9000)])
    const position = await run.add(['b'])
    const unread = run.unread()
    await scanRun(unread, 0, { index: Infinity, position: Infinity }, crc32)
    expect(unread.index.lastUpTo('index', 51)?.byte).to.be.oneOf([0, position])
  })

  it('reads a run that is filled to its last byte', async () => {
    const empty = run.end
    await run.add([''])
    const overhead = run.end - empty
    await run.add(['x'.repeat(4 * BLOCK_BYTES - run.end - overhead)])
    expect(run.end).to.equal(4 * BLOCK_BYTES)
    expect(await scan()).to.deep.include({ committedBytes: run.end, endIndex: 52, damage: undefined, residue: false })
  })

  describe('behind the last whole batch', () => {
    it('is a torn tail when nobody knew it durable', async () => {
      const first = await run.add(['a'])
      const torn = await run.add(['b'], { durableBytes: first })
      run.flip(torn + FRAME_BYTES + BATCH_HEADER_BYTES)
      expect(await scan()).to.deep.include({ committedBytes: torn, endIndex: 51, damage: undefined, residue: false })
    })

    it('is a torn tail with residue when whole batches of the same commit stand behind', async () => {
      await run.add(['a'])
      const torn = await run.add(['b'])
      await run.add(['c'])
      run.flip(torn + 3)
      expect(await scan()).to.deep.include({ committedBytes: torn, endIndex: 51, damage: undefined, residue: true })
    })

    it('is damage when a later batch knew it durable', async () => {
      await run.add(['a'])
      const damaged = await run.add(['b'])
      const known = run.end
      await run.add(['c'], { durableBytes: known })
      run.flip(damaged + FRAME_BYTES + BATCH_HEADER_BYTES)
      const { damage, endIndex, durableBytes } = await scan()
      expect(damage).to.deep.include({ position: damaged, reason: 'payload checksum' })
      expect([endIndex, durableBytes]).to.deep.equal([51, known])
    })

    it('is damage when the slot knew it durable', async () => {
      await run.add(['a'])
      const damaged = await run.add(['b'])
      const knownBytes = run.end
      run.flip(damaged + 3)
      expect((await scan(knownBytes)).damage).to.deep.include({ position: damaged, reason: 'no batch of this run' })
      expect((await scan(damaged)).damage, 'known up to there, and not beyond').to.equal(undefined)
    })

    it('is damage when the whole run was known durable and is gone', async () => {
      expect((await scan(100)).damage).to.deep.include({ position: 0 })
    })
  })

  it('leaves out batches that a later run has replaced', async () => {
    await run.add(['a'])
    const position = await run.add(['stale'])
    expect(await scan(0, 51)).to.deep.include({
      committedBytes: position,
      endIndex: 51,
      residue: true,
      damage: undefined,
    })
  })

  it('takes no replaced batch for damage, though it was known durable', async () => {
    await run.add(['a'])
    await run.add(['beyond the end that was decided'])
    expect(await scan(run.end, 51)).to.deep.include({ endIndex: 51, damage: undefined })
  })

  it('stops at a batch out of order, which is damage where it was known durable', async () => {
    await run.add(['a'])
    const position = await run.add(['b'], { firstIndex: 60 })
    expect(await scan()).to.deep.include({ endIndex: 51, residue: true, damage: undefined })
    expect((await scan(run.end)).damage).to.deep.include({ position, reason: 'batch out of order' })
  })

  it('collects control records in their order, and knows whether they are the whole state', async () => {
    const cursor = { kind: 'cursor', name: 'shared', offset: 4 } as const
    await run.addControl([{ kind: 'snapshot' }, cursor])
    await run.add(['a'])
    await run.addControl([{ ...cursor, offset: 5 }])
    const { stateRecords, startsWithState, endIndex } = await scan()
    expect(stateRecords).to.deep.equal([{ kind: 'snapshot' }, cursor, { ...cursor, offset: 5 }])
    expect([startsWithState, endIndex]).to.deep.equal([true, 51])
  })

  it('is not the whole state when it starts otherwise', async () => {
    await run.addControl([{ kind: 'producer', id: 3, lastSequence: 9 }])
    await run.addControl([{ kind: 'snapshot' }])
    expect((await scan()).startsWithState).to.equal(false)
  })

  it('takes control records that cannot be read for damage, wherever they stand', async () => {
    await run.add(['a'])
    const position = await run.write(controlBatchOf(Uint8Array.of(9), 51))
    expect((await scan()).damage).to.deep.include({ position, reason: 'control records: unknown-kind' })
  })
})

/** A control batch with a payload as a newer release might write it. */
function controlBatchOf(payload: Uint8Array, firstIndex: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_BYTES + BATCH_HEADER_BYTES + payload.length)
  bytes.set(payload, FRAME_BYTES + BATCH_HEADER_BYTES)
  const counts = { payloadBytes: payload.length, entryCount: 0, payloadCrc: crc32(payload), firstIndex, timestampMs: 0 }
  const header = { control: true, compressed: false, ...counts, producerId: 0, producerSequence: 0, epoch: 1 }
  writeBatchHeader(bytes, FRAME_BYTES, header, crc32)
  return bytes
}
