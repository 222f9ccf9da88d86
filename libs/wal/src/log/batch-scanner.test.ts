import { crc32, EntryReader, writeU32 } from '@walrus/protocol'
import { expect } from 'chai'
import fc from 'fast-check'
import { FRAME_BYTES } from '../format/frame.js'
import { BatchScanner, type Scanned, type ScannedBatch } from './batch-scanner.js'
import { encodeControlBatch } from './control-batch.js'
import { BLOCK_BYTES, BlockFileFixture, type RunFixture } from './run-fixture.test.js'

interface Range {
  readonly from?: number
  readonly to?: number
  readonly chunkBytes?: number
}

function scannerOf(run: RunFixture, { from = 0, to = run.end, chunkBytes = 16_384 }: Range = {}): BatchScanner {
  const { place, file } = run
  const startPosition = file.store.positionOf(place.firstBlock)
  const range = { file: file.store, generation: place.generation, startPosition, from, to, chunkBytes }
  return new BatchScanner(range, crc32)
}

/** Everything up to the end or the first fault, in words. */
async function scanAll(scanner: BatchScanner): Promise<string[]> {
  const seen: string[] = []
  for (;;) {
    const scanned = await scanner.next()
    seen.push(inWords(scanned))
    if (scanned.kind !== 'batch') return seen
  }
}

function inWords(scanned: Scanned): string {
  if (scanned.kind === 'end') return 'end'
  if (scanned.kind === 'fault') return `fault at ${scanned.position}: ${scanned.reason}`
  return entriesOf(scanned).join('|')
}

function entriesOf({ bytes, payloadStart, payloadEnd, header }: ScannedBatch): string[] {
  const reader = new EntryReader(bytes, payloadStart, payloadEnd, header.entryCount)
  const entries: string[] = []
  while (reader.next()) entries.push(Buffer.from(bytes.subarray(reader.start, reader.end)).toString())
  return entries
}

describe('batch scanner', () => {
  let run: RunFixture
  let positions: number[]

  beforeEach(async () => {
    const file = await BlockFileFixture.create()
    file.run()
    run = file.run({ blockCount: 4 })
    positions = [await run.add(['a', 'b']), await run.add(['c'.repeat(5000)]), await run.add([''])]
  })

  it('reads the batches one after the other, whatever is read at once', async () => {
    for (const chunkBytes of [1, 24, 100, 4096, 16_384])
      expect(await scanAll(scannerOf(run, { chunkBytes })), `chunks of ${chunkBytes}`).to.deep.equal([
        ...['a|b', 'c'.repeat(5000), '', 'end'],
      ])
  })

  it('starts where it is told', async () => {
    expect(await scanAll(scannerOf(run, { from: positions[2] ?? 0 }))).to.deep.equal(['', 'end'])
    expect(await scanAll(scannerOf(run, { from: run.end }))).to.deep.equal(['end'])
  })

  it('hands out what is in memory without waiting', async () => {
    const scanner = scannerOf(run)
    expect(scanner.nextBuffered()).to.equal(undefined)
    await scanner.fill()
    expect(inWords(scanner.nextBuffered()!)).to.equal('a|b')
    expect(scanner.nextBuffered()?.kind).to.equal('batch')
  })

  it('finds a fault where no frame of this run stands', async () => {
    const to = run.place.blockCount * BLOCK_BYTES
    expect((await scanAll(scannerOf(run, { to }))).at(-1)).to.equal(`fault at ${run.end}: no batch of this run`)
    const stale = await run.add(['stale'], { generation: { openCount: 1, sequence: 99 } })
    expect((await scanAll(scannerOf(run))).at(-1)).to.equal(`fault at ${stale}: no batch of this run`)
  })

  it('does not believe a length that leads out of the range', async () => {
    run.file.readLengths.length = 0
    const last = positions[2] ?? 0
    expect((await scanAll(scannerOf(run, { from: last, to: run.end - 1 }))).at(-1)).to.equal(
      `fault at ${last}: batch beyond the end`,
    )
    expect(Math.max(...run.file.readLengths), 'what was read').to.be.at.most(run.end - last)
  })

  it('finds a fault in a batch that is not what its frame says', async () => {
    const bytes = encodeControlBatch([{ kind: 'snapshot' }], { nextIndex: 3, timestampMs: 0, epoch: 1 }, crc32)
    const longer = new Uint8Array(bytes.length + 10)
    longer.set(bytes)
    const at = await run.write(longer)
    expect((await scanAll(scannerOf(run, { from: at }))).at(-1)).to.equal(`fault at ${at}: batch length`)
    const headless = new Uint8Array(FRAME_BYTES + 10)
    writeU32(headless, FRAME_BYTES, 0x57)
    const behind = await run.write(headless)
    expect((await scanAll(scannerOf(run, { from: behind }))).at(-1)).to.equal(`fault at ${behind}: batch header: short`)
  })

  it('gives what stands before a changed bit, then a fault at the batch that has it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(run.end - 1), fc.constantFrom(1, 24, 4096, 16_384), async (position, chunkBytes) => {
        const nth = positions.filter((start) => start <= position).length - 1
        run.flip(position)
        const seen = await scanAll(scannerOf(run, { chunkBytes }))
        run.flip(position)
        expect(seen.slice(0, -1)).to.deep.equal(['a|b', 'c'.repeat(5000), ''].slice(0, nth))
        expect(seen.at(-1)).to.match(new RegExp(`^fault at ${positions[nth]}: `))
      }),
      { numRuns: 300 },
    )
  })

  it('says of a fault whether it is the header or the payload', async () => {
    run.flip((positions[1] ?? 0) + FRAME_BYTES + 20)
    expect((await scanAll(scannerOf(run))).at(-1)).to.equal(`fault at ${positions[1]}: batch header: header-crc`)
    run.flip((positions[0] ?? 0) + FRAME_BYTES + 64)
    expect((await scanAll(scannerOf(run))).at(-1)).to.equal('fault at 0: payload checksum')
  })
})
