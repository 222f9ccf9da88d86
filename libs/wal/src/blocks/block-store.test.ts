import type { BlockFileDirectory } from '@walrus/core'
import { crc32, writeU32 } from '@walrus/protocol'
import { failNth, FaultyDisk, ManualClock, seededRandom, stopAtBoundary, type OnOperation } from '@walrus/testing'
import { expect } from 'chai'
import type { BlockSlot } from '../format/block-slot.js'
import { SECTOR_BYTES, slotPosition, SUPERBLOCK_BYTES } from '../format/geometry.js'
import { failureOf, problemList, SMALL, turnsOfTheLoop } from '../harness.test.js'
import { BlockStore, type BlockStoreOptions, type FoundRun } from './block-store.js'
import { LOG_START } from './log-point.js'
import { Run, type RunPlace } from './run.js'

const FIRST = '000000000001'
const SECOND = '000000000002'
const BLOCK = SMALL.blockBytes

interface Opened {
  readonly store: BlockStore
  readonly found: FoundRun[]
  readonly directory: BlockFileDirectory
}

async function open(disk: FaultyDisk, options: Partial<BlockStoreOptions> = {}): Promise<Opened> {
  const directory = await disk.open()
  const all = { ...SMALL, directory, clock: new ManualClock(), checksum: crc32, onProblem: () => undefined, ...options }
  return { ...(await BlockStore.open(all)), directory }
}

async function close({ store, directory }: Opened): Promise<void> {
  await store.close()
  await directory.close()
}

function slotOf(place: RunPlace, of: Partial<BlockSlot> = {}): BlockSlot {
  return {
    state: 'closed',
    generation: place.generation,
    blockCount: place.blockCount,
    run: 0,
    topic: 'logs',
    segment: 1,
    baseOffset: 0,
    epoch: 1,
    firstIndex: 0,
    createdMs: 0,
    knownBytes: 100,
    knownEndIndex: 10,
    firstPosition: 0,
    knownEndPosition: 10,
    fencedEpoch: 0,
    cuts: false,
    lastTimestampMs: 0,
    beginsSegment: true,
    followsDurable: true,
    clean: false,
    ...of,
  }
}

/** Takes a run and records who owns it. */
async function takeAndRecord(store: BlockStore, blockCount: number, of: Partial<BlockSlot> = {}): Promise<RunPlace> {
  const place = await store.take(blockCount * BLOCK)
  place.file.queueSlot(place.firstBlock, slotOf(place, of))
  await place.file.flushSlots()
  return place
}

/** Changes bytes of a file as rot or a stranger would. */
async function overwrite(disk: FaultyDisk, name: string, position: number, bytes: Uint8Array): Promise<void> {
  const directory = await disk.open()
  await (await directory.open(name)).write([bytes], position, true)
  await directory.close()
}

async function fileNames(disk: FaultyDisk): Promise<readonly string[]> {
  const directory = await disk.open()
  const names = await directory.list()
  await directory.close()
  return names
}

/** A disk with three runs of one topic each, in one file. */
async function diskWithRuns(): Promise<FaultyDisk> {
  const disk = new FaultyDisk()
  const opened = await open(disk)
  await takeAndRecord(opened.store, 1, { topic: 'one' })
  await takeAndRecord(opened.store, 2, { topic: 'two' })
  await takeAndRecord(opened.store, 1, { topic: 'three' })
  await close(opened)
  return disk
}

function topicsOf(found: readonly FoundRun[]): string[] {
  return found.map(({ block, slot }) => `${slot.topic}@${block}+${slot.blockCount}`)
}

describe('block store: giving out blocks', () => {
  it('has no file until one is needed', async () => {
    const disk = new FaultyDisk()
    const { store, found } = await open(disk)
    expect([store.files.length, found.length, store.tryTake(BLOCK)]).to.deep.equal([0, 0, undefined])
  })

  it('makes a file of the size that it was told, with a durable superblock, and gives out its first blocks', async () => {
    const disk = new FaultyDisk()
    const opened = await open(disk)
    const place = await takeAndRecord(opened.store, 2)
    expect([place.file.name, place.firstBlock, place.blockCount]).to.deep.equal([FIRST, 0, 2])
    expect(place.generation).to.deep.equal({ openCount: 1, sequence: 1 })
    expect(opened.store.tryTake(BLOCK)).to.include({ firstBlock: 2, blockCount: 1 })
    const after = disk.crash(() => 0.999999)
    expect(after.contents(FIRST)?.length).to.be.at.most(SMALL.fileBytes)
    expect((await open(after)).store.files).to.have.length(1)
  })

  it('makes the next file when no file has the room, and a larger one for a larger run', async () => {
    const { store } = await open(new FaultyDisk())
    const [first, second] = [await store.take(8 * BLOCK), await store.take(8 * BLOCK)]
    expect([first.file.name, second.file.name]).to.deep.equal([FIRST, SECOND])
    const large = await store.take(100 * BLOCK)
    expect([large.firstBlock, large.blockCount, large.file.geometry.blockCount]).to.deep.equal([0, 100, 100])
    expect((await store.take(BLOCK)).file.name, 'the first file has room still').to.equal(FIRST)
  })

  it('lets all who need a file at once share one', async () => {
    const { store } = await open(new FaultyDisk())
    const places = await Promise.all([1, 2, 3, 1].map((blocks) => store.take(blocks * BLOCK)))
    expect(store.files).to.have.length(1)
    expect(places.map(({ firstBlock }) => firstBlock)).to.deep.equal([0, 1, 3, 6])
    expect(new Set(places.map(({ generation }) => generation.sequence)).size).to.equal(4)
  })

  it('fails all of them when the file cannot be made, and has room again when the disk has', async () => {
    const { store } = await open(new FaultyDisk({ onOperation: failNth('create', 1, 'ENOSPC') }))
    const failures = await Promise.all([failureOf(store.take(BLOCK)), failureOf(store.take(BLOCK))])
    expect(failures.map(({ code }) => code)).to.deep.equal(['DISK_FULL', 'DISK_FULL'])
    expect((await store.take(BLOCK)).file.name).to.equal(FIRST)
  })

  it('leaves no file behind whose superblock could not be written', async () => {
    const disk = new FaultyDisk({ onOperation: failNth('durable write', 1, 'EIO') })
    const opened = await open(disk)
    const failure = await failureOf(opened.store.take(BLOCK))
    expect(failure.code).to.equal('FILE_FAILED')
    expect(failure.message).to.contain(FIRST)
    expect(opened.store.files).to.have.length(0)
    expect((await opened.store.take(BLOCK)).file.name).to.equal(SECOND)
    await close(opened)
    expect(await fileNames(disk)).to.deep.equal([SECOND])
  })

  it('takes as many blocks of an older, smaller size as hold the run', async () => {
    const disk = await diskWithRuns()
    const { store } = await open(disk, { blockBytes: 16_384, fileBytes: 256 * 1024 })
    const place = await store.take(2 * 16_384)
    expect([place.file.name, place.blockCount]).to.deep.equal([FIRST, 8])
    const run = new Run(place, 0, LOG_START)
    expect(run.capacityBytes).to.equal(2 * 16_384)
    expect(run.startPosition).to.equal(place.file.positionOf(4))
  })

  it('refuses sizes that no file can have, before it touches one', async () => {
    const disk = new FaultyDisk()
    for (const options of [{ blockBytes: 5000 }, { fileBytes: NaN }, { blockBytes: 4096, fileBytes: 2 ** 60 }]) {
      const directory = await disk.open()
      const all = { ...SMALL, directory, clock: new ManualClock(), checksum: crc32, onProblem: () => undefined }
      expect((await failureOf(BlockStore.open({ ...all, ...options }))).code).to.equal('INVALID_ARGUMENT')
      await directory.close()
    }
    expect(disk.boundaryCount).to.equal(0)
  })
})

describe('block store: opening', () => {
  it('finds the runs as they were recorded, and gives out the rest', async () => {
    const disk = await diskWithRuns()
    const { store, found } = await open(disk)
    expect(topicsOf(found)).to.deep.equal(['one@0+1', 'two@1+2', 'three@3+1'])
    expect((await store.take(BLOCK)).firstBlock).to.equal(4)
  })

  it('never repeats a generation, though the run that carried it was lost', async () => {
    const disk = new FaultyDisk()
    const { store } = await open(disk)
    const seen = [await takeAndRecord(store, 1), await store.take(BLOCK)].map(({ generation }) => generation)
    let crashed = disk
    for (let round = 0; round < 3; round++) {
      crashed = crashed.crash(() => 0.999999)
      const again = await open(crashed)
      expect(again.store.tryTake(BLOCK), 'the count of openings is durable before').to.equal(undefined)
      seen.push((await again.store.take(BLOCK)).generation)
    }
    expect(seen.map(({ openCount, sequence }) => `${openCount}.${sequence}`)).to.deep.equal([
      ...['1.1', '1.2', '2.1', '3.1', '4.1'],
    ])
  })

  it('gives no block of a file that is shown and not on stable storage, since the sync of its creation failed', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const fail = failNth('durable write', 1, 'EIO')
      const onOperation: OnOperation = (operation) => (operation.kind === 'remove' ? 'stop' : fail(operation))
      const disk = new FaultyDisk({ onOperation, random: seededRandom(seed) })
      void (await open(disk)).store.take(BLOCK)
      await disk.stopped
      const restarted = disk.kill()
      const { store } = await open(restarted)
      await takeAndRecord(store, 1)
      expect(topicsOf((await open(restarted.crash(() => 0.999999))).found), `seed ${seed}`).to.deep.equal(['logs@0+1'])
    }
  })

  it('gives no block of a file whose count of openings cannot be written', async () => {
    const disk = await diskWithRuns()
    const after = disk.crash(() => 0, { onOperation: failNth('durable write', 1, 'EIO') })
    const { store } = await open(after)
    expect((await failureOf(store.take(BLOCK))).code).to.equal('FILE_FAILED')
    expect((await store.take(BLOCK)).file.name).to.equal(SECOND)
  })

  it('removes a file whose creation was interrupted anywhere, and opens what is whole', async () => {
    for (let boundary = 1; boundary <= 6; boundary++)
      for (let seed = 0; seed < 20; seed++) {
        const disk = new FaultyDisk({ onOperation: stopAtBoundary(boundary) })
        const { store } = await open(disk)
        void store.take(BLOCK)
        await turnsOfTheLoop(1)
        const after = disk.crash(seededRandom(seed))
        const opened = await open(after)
        expect((await opened.store.take(BLOCK)).file.name, `boundary ${boundary}, seed ${seed}`).to.equal(FIRST)
        await close(opened)
        expect(await fileNames(after)).to.deep.equal([FIRST])
      }
  })

  it('removes a half-made file also where a misdirected sector has hit its superblock', async () => {
    const disk = new FaultyDisk()
    const opened = await open(disk)
    await opened.store.take(BLOCK)
    await close(opened)
    await overwrite(disk, FIRST, 0, new Uint8Array(SECTOR_BYTES).fill(7))
    const again = await open(disk)
    expect((await again.store.take(BLOCK)).file.name).to.equal(FIRST)
    await close(again)
  })

  it('never takes a file with data for a half-made one', async () => {
    const disk = await diskWithRuns()
    await overwrite(disk, FIRST, 0, new Uint8Array(SUPERBLOCK_BYTES))
    const failure = await failureOf(open(disk))
    expect(failure.code).to.equal('CORRUPT_DATA')
    expect(failure.message).to.equal('Cannot trust "faulty/000000000001": its superblock is damaged')
    expect(disk.contents(FIRST), 'the file is still there').not.to.equal(undefined)
  })

  it('refuses a file of another version, naming both, and leaves it as it is', async () => {
    const disk = await diskWithRuns()
    const sector = disk.contents(FIRST)!.slice(0, SECTOR_BYTES)
    writeU32(sector, 8, 3)
    writeU32(sector, SECTOR_BYTES - 4, crc32(sector.subarray(0, SECTOR_BYTES - 4)))
    await overwrite(disk, FIRST, 0, sector)
    const before = disk.contents(FIRST)
    const failure = await failureOf(open(disk))
    expect(failure.code).to.equal('UNSUPPORTED_FORMAT')
    expect(failure.message).to.equal('Cannot open "faulty/000000000001": format version 3 is not known')
    expect(disk.contents(FIRST)).to.deep.equal(before)
  })

  it('refuses a file that cannot be one of its own: damaged, cut, or too short', async () => {
    const damaged = await diskWithRuns()
    damaged.flipBit(FIRST, 14)
    const cut = new FaultyDisk()
    const directory = await cut.open()
    const whole = (await diskWithRuns()).contents(FIRST)!
    await (await directory.create(FIRST, whole.length - BLOCK)).write([whole.subarray(0, -BLOCK)], 0, true)
    await directory.close()
    const short = new FaultyDisk()
    await (await short.open().then(async (one) => ({ one, file: await one.create(FIRST, 100) }))).one.close()
    const messages = await Promise.all([damaged, cut, short].map(async (disk) => (await failureOf(open(disk))).message))
    expect(messages).to.deep.equal([
      'Cannot trust "faulty/000000000001": its superblock is damaged',
      `Cannot trust "faulty/000000000001": it has ${whole.length - BLOCK} bytes, its superblock says ${whole.length}`,
      'Cannot trust "faulty/000000000001": it has 100 bytes',
    ])
  })
})

describe('block store: slots', () => {
  it('reports a damaged slot, finds the others, and gives out nothing that may belong to its run', async () => {
    const disk = await diskWithRuns()
    disk.flipBit(FIRST, slotPosition(1) + 20)
    const { problems, onProblem } = problemList()
    const { store, found } = await open(disk, { onProblem })
    expect(problems).to.deep.equal([
      `Cannot trust "faulty/${FIRST}": the slot of block 1 at byte ${slotPosition(1)} is damaged`,
    ])
    expect(store.slotsDamaged).to.equal(true)
    expect(topicsOf(found)).to.deep.equal(['one@0+1', 'three@3+1'])
    expect((await store.take(BLOCK)).firstBlock, 'block 2 may be the second of the run').to.equal(4)
  })

  it('does not believe a slot that was written to another place', async () => {
    const disk = await diskWithRuns()
    const slotOfTwo = disk.contents(FIRST)!.slice(slotPosition(1), slotPosition(2))
    for (const block of [2, 5]) await overwrite(disk, FIRST, slotPosition(block), slotOfTwo)
    const { problems, onProblem } = problemList()
    const { found } = await open(disk, { onProblem })
    expect(topicsOf(found)).to.deep.equal(['one@0+1', 'two@1+2', 'three@3+1'])
    expect(problems).to.deep.equal([
      `Cannot trust "faulty/${FIRST}": the slot of block 5 at byte ${slotPosition(5)} is damaged`,
    ])
  })

  it('leaves the rest of a file alone when its last slot in use is damaged', async () => {
    const disk = await diskWithRuns()
    disk.flipBit(FIRST, slotPosition(3) + 20)
    const { store } = await open(disk)
    expect((await store.take(BLOCK)).file.name).to.equal(SECOND)
  })

  it('refuses a file in which a slot claims what it cannot have', async () => {
    const disk = new FaultyDisk()
    const opened = await open(disk)
    await takeAndRecord(opened.store, 1, { blockCount: 1000 })
    await close(opened)
    expect((await failureOf(open(disk))).message).to.contain('the slot of block 0 claims 1000 blocks')
  })

  it('refuses a file in which a slot knows of more bytes than its blocks have', async () => {
    const disk = new FaultyDisk()
    const opened = await open(disk)
    await takeAndRecord(opened.store, 1, { knownBytes: BLOCK + 1 })
    await close(opened)
    const reason = `the slot of block 0 claims 1 blocks and ${BLOCK + 1} bytes in them`
    expect((await failureOf(open(disk))).message).to.contain(reason)
  })

  it('forgets an owner of before that a larger run has covered', async () => {
    const disk = new FaultyDisk()
    const opened = await open(disk)
    const place = await takeAndRecord(opened.store, 3, { topic: 'outer' })
    place.file.queueSlot(1, slotOf(place, { topic: 'inner', blockCount: 1 }))
    await place.file.flushSlots()
    await close(opened)
    const again = await open(disk)
    expect(topicsOf(again.found)).to.deep.equal(['outer@0+3'])
    const outer = new Run({ ...place, file: again.store.files[0]! }, 0, LOG_START)
    await again.store.release([{ run: outer, slot: slotOf(place) }])
    await close(again)
    expect(topicsOf((await open(disk)).found)).to.deep.equal([])
  })
})

describe('block store: taking blocks back', () => {
  async function threeRuns(disk: FaultyDisk): Promise<{ opened: Opened; runs: { run: Run; slot: BlockSlot }[] }> {
    const opened = await open(disk)
    const runs = []
    for (const [number, blockCount] of [1, 2, 8].entries()) {
      const place = await takeAndRecord(opened.store, blockCount, { run: number, beginsSegment: number === 0 })
      runs.push({ run: new Run(place, number, LOG_START), slot: slotOf(place, { run: number }) })
    }
    return { opened, runs }
  }

  it('frees the first run before the others, durably, and gives all out again', async () => {
    const { opened, runs } = await threeRuns(new FaultyDisk())
    await opened.store.release(runs)
    expect((await opened.store.take(11 * BLOCK)).firstBlock).to.equal(0)
  })

  it('leaves the whole segment or one without its beginning, wherever it is interrupted', async () => {
    const disk = new FaultyDisk()
    const seen = new Set<string>()
    await threeRuns(disk)
    for (let boundary = disk.boundaryCount + 1; boundary <= disk.boundaryCount + 20; boundary++)
      for (let seed = 0; seed < 10; seed++) {
        const stopped = new FaultyDisk({ onOperation: stopAtBoundary(boundary) })
        const { opened, runs } = await threeRuns(stopped)
        void opened.store.release(runs)
        await turnsOfTheLoop(1)
        const { found } = await open(stopped.crash(seededRandom(seed)))
        seen.add(found.map(({ slot }) => slot.run).join())
      }
    for (const left of seen) if (left.startsWith('0')) expect(left).to.equal('0,1,2')
    expect([...seen]).to.include.members(['0,1,2', '1,2', ''])
  })

  it('frees nothing when the file of the first run takes no writes', async () => {
    const disk = new FaultyDisk({ onOperation: failNth('sync', 4, 'EIO') })
    const { opened, runs } = await threeRuns(disk)
    const { file } = runs[0]!.run
    await failureOf(file.sync())
    expect(file.writable).to.equal(false)
    expect((await failureOf(opened.store.release(runs))).code).to.equal('FILE_FAILED')
    expect(topicsOf((await open(disk.crash(() => 0))).found)).to.have.length(3)
  })
})
