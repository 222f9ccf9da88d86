import type { BlockFile } from '@walrus/core'
import { WalrusError } from '@walrus/core'
import { expect } from 'chai'
import fc from 'fast-check'
import { blockFileSuite } from './block-file-suite/suite.js'
import { failNth, stopAtBoundary, type DiskOperation, type Verdict } from './disk-world.js'
import { FaultyDisk, type FaultyDiskOptions } from './faulty-disk.js'
import { SECTOR_BYTES } from './sector-file.js'
import { randomBelow, seededRandom, type Random } from './seeded-random.js'

blockFileSuite({
  name: 'faulty disk',
  place: async () => new FaultyPlace(),
  failNext: (place, kind, fault) => (place.next = { kind, fault }),
  crash: async (place) => place.crash(),
})

const SECTORS = 16
const SIZE_BYTES = SECTORS * SECTOR_BYTES
const keepAll: Random = () => 0
const loseAll: Random = () => 0.999999

describe('faulty disk: crashes', () => {
  it('keeps what is stable and loses what is not, at the extremes', async () => {
    const { disk, file } = await diskWithFile()
    await file.write([sectors(4, 1)], 0, true)
    await file.write([sectors(4, 2)], 2 * SECTOR_BYTES, false)
    expect(firstBytes(disk.crash(loseAll))).to.deep.equal([1, 1, 1, 1, 0, 0])
    expect(firstBytes(disk.crash(keepAll))).to.deep.equal([1, 1, 2, 2, 2, 2])
  })

  it('tears and reorders: some crash keeps a later write and loses an earlier one', async () => {
    const { disk, file } = await diskWithFile()
    for (const sector of [0, 1, 2]) await file.write([sectors(1, sector + 1)], sector * SECTOR_BYTES, false)
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 100; seed += 1) outcomes.add(firstBytes(disk.crash(seededRandom(seed)), 3).join())
    expect([...outcomes].sort()).to.deep.equal(['0,0,0', '0,0,3', '0,2,0', '0,2,3', '1,0,0', '1,0,3', '1,2,0', '1,2,3'])
  })

  it('may keep any version of a sector that was written several times', async () => {
    const { disk, file } = await diskWithFile()
    await file.write([sectors(1, 1)], 0, true)
    for (const value of [2, 3]) await file.write([sectors(1, value)], 0, false)
    const outcomes = new Set<number>()
    for (let seed = 0; seed < 100; seed += 1) outcomes.add(firstBytes(disk.crash(seededRandom(seed)), 1)[0]!)
    expect([...outcomes].sort()).to.deep.equal([1, 2, 3])
  })

  it('leaves equal disks for equal seeds', async () => {
    const images = [7, 7, 8].map((seed) =>
      runRandomly(seed).then(({ disk }) => disk.crash(seededRandom(seed)).contents('a')),
    )
    const [first, second, third] = await Promise.all(images)
    expect(first).to.deep.equal(second)
    expect(first).not.to.deep.equal(third)
  })

  it('never loses synced data, and never mixes a sector, whatever is written and wherever it stops', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 90 }), async (seed, boundary) => {
        const { disk, allowed } = await runRandomly(seed, { onOperation: stopAtBoundary(boundary) })
        const after = disk.crash(seededRandom(seed ^ 1)).contents('a')
        if (after === undefined) expect(boundary, 'the file is lost only while it is created').to.be.lessThan(4)
        allowed.forEach((values, sector) => {
          if (after === undefined) return
          const image = after.slice(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES)
          expect(new Set(image).size, `sector ${sector} is of one write`).to.equal(1)
          expect([...values]).to.include(image[0])
        })
      }),
      { numRuns: 300 },
    )
  })

  it('can crash again, and again', async () => {
    const { disk, file } = await diskWithFile()
    await file.write([sectors(1, 1)], 0, false)
    const once = disk.crash(keepAll)
    const again = await (await once.open()).open('a')
    await again.write([sectors(1, 2)], SECTOR_BYTES, false)
    expect(firstBytes(once.crash(loseAll), 2)).to.deep.equal([1, 0])
  })

  it('puts un-synced sectors where nothing durable stands, and never over what is durable', async () => {
    const landed = new Set<number>()
    for (let seed = 0; seed < 60; seed += 1) {
      const { disk, file } = await diskWithFile({ strayChance: 1 })
      await file.write([sectors(4, 1)], 0, true)
      await file.write([sectors(1, 2)], 4 * SECTOR_BYTES, false)
      const values = firstBytes(disk.crash(seededRandom(seed)), SECTORS)
      expect(values.slice(0, 4)).to.deep.equal([1, 1, 1, 1])
      landed.add(values.indexOf(2))
    }
    expect(landed.size, 'places in which the stray sector landed').to.be.greaterThan(SECTORS / 4)
  })

  it('shows after the death of the process all that was written, and makes none of it durable', async () => {
    const { disk, file } = await diskWithFile()
    await file.write([sectors(1, 1)], 0, false)
    const restarted = disk.kill()
    expect(firstBytes(restarted, 1)).to.deep.equal([1])
    expect(firstBytes(restarted.crash(loseAll), 1)).to.deep.equal([0])
    const again = disk.kill()
    await (await (await again.open()).open('a')).sync()
    expect(firstBytes(again.crash(loseAll), 1)).to.deep.equal([1])
  })

  it('shows after the death of the process what a failed sync has lost, until the power goes', async () => {
    const { disk, file } = await diskWithFile({ onOperation: failNth('sync', 1, 'EIO'), random: loseAll })
    await file.write([sectors(1, 1)], 0, false)
    await expectCode(file.sync(), 'FILE_FAILED')
    const restarted = disk.kill()
    await (await (await restarted.open()).open('a')).sync()
    expect([firstBytes(restarted, 1), firstBytes(restarted.crash(keepAll), 1)]).to.deep.equal([[1], [0]])
  })

  it('leaves or takes a file whose creation was under way, whole', async () => {
    const { disk } = await stoppedDuring('create')
    expect(disk.crash(keepAll).contents('a')).to.deep.equal(new Uint8Array(SIZE_BYTES))
    expect(disk.crash(loseAll).contents('a')).to.equal(undefined)
  })

  it('leaves or takes a file whose removal was under way', async () => {
    const { disk } = await stoppedDuring('remove')
    expect(disk.crash(keepAll).contents('a')).to.deep.equal(new Uint8Array(SIZE_BYTES))
    expect(disk.crash(loseAll).contents('a')).to.equal(undefined)
  })
})

describe('faulty disk: stops', () => {
  it('counts boundaries, and calls of each kind, before, during and after', async () => {
    const seen: string[] = []
    const onOperation = ({ boundary, kind, nth, moment }: DiskOperation): Verdict => {
      seen.push(`${boundary} ${kind} ${nth} ${moment}`)
      return undefined
    }
    const { disk, file } = await diskWithFile({ onOperation })
    await file.write([sectors(1, 1)], 0, false)
    await file.write([sectors(1, 1)], 0, true)
    await file.sync()
    await file.sync()
    expect(seen).to.deep.equal([
      ...['1 create 1 before', '2 create 1 during', '3 create 1 after', '4 write 1 before', '5 write 1 after'],
      ...['6 durable write 1 before', '7 durable write 1 during', '8 durable write 1 after'],
      ...['9 sync 1 before', '10 sync 1 after', '11 sync 2 before', '12 sync 2 after'],
    ])
    expect(disk.boundaryCount).to.equal(12)
  })

  it('lets nothing resolve or happen after the stop', async () => {
    const { disk, file, directory } = await diskWithFile({ onOperation: stopAtBoundary(6) })
    await file.write([sectors(1, 1)], 0, false)
    let resolved = 0
    const calls = [
      file.write([sectors(1, 2)], 0, true),
      file.write([sectors(1, 3)], 0, false),
      file.sync(),
      file.read(0, 1),
      directory.create('b', SIZE_BYTES),
      directory.remove('a'),
      directory.list(),
      directory.close(),
    ]
    for (const call of calls) void call.then(() => (resolved += 1))
    await disk.stopped
    await turnsOfTheLoop(5)
    expect(resolved).to.equal(0)
    expect(firstBytes(disk, 1)).to.deep.equal([1])
    expect(disk.contents('b')).to.equal(undefined)
  })

  it('holds a call at a boundary until it is told to go on', async () => {
    let goOn: () => void = () => undefined
    const held = new Promise<undefined>((resolve) => (goOn = () => resolve(undefined)))
    const { disk, file } = await diskWithFile({ onOperation: ({ kind }) => (kind === 'sync' ? held : undefined) })
    await file.write([sectors(1, 1)], 0, false)
    let synced = false
    const sync = file.sync().then(() => (synced = true))
    await file.write([sectors(1, 2)], SECTOR_BYTES, false)
    await turnsOfTheLoop(2)
    expect(synced).to.equal(false)
    goOn()
    await sync
    expect(firstBytes(disk.crash(loseAll), 2), 'the sync covers only what was written before it').to.deep.equal([1, 0])
  })
})

describe('faulty disk: faults', () => {
  it('can do without cheap durable writes', async () => {
    const { file } = await diskWithFile({ durableWrite: false })
    expect(file.supports).to.deep.equal({ alignmentBytes: 1, durableWrite: false })
  })

  it('fails the n-th write, each of its sectors old or new', async () => {
    const { disk, file } = await diskWithFile({ onOperation: failNth('write', 2, 'EIO'), random: seededRandom(3) })
    await file.write([sectors(8, 1)], 0, false)
    await expectCode(file.write([sectors(8, 2)], 0, false), 'IO_FAILED')
    await file.sync()
    const values = firstBytes(disk.crash(loseAll), 9)
    expect([...new Set(values.slice(0, 8))].sort()).to.deep.equal([1, 2])
    expect(values[8]).to.equal(0)
  })

  it('shows un-synced bytes after a failed sync, though the medium may not have them', async () => {
    const { disk, file } = await diskWithFile({ onOperation: failNth('sync', 1, 'EIO'), random: seededRandom(3) })
    await file.write([sectors(8, 1)], 0, false)
    await expectCode(file.sync(), 'FILE_FAILED')
    expect(new Set(await file.read(0, 8 * SECTOR_BYTES))).to.deep.equal(new Set([1]))
    expect([...new Set(firstBytes(disk.crash(keepAll), 8))].sort()).to.deep.equal([0, 1])
  })

  it('is out of space when the sizes of its files use it up, until one is removed', async () => {
    const { directory } = await diskWithFile({ spaceBytes: 2 * SIZE_BYTES })
    await directory.create('b', SIZE_BYTES)
    await expectCode(directory.create('c', 1), 'DISK_FULL')
    await directory.remove('b')
    await directory.create('c', SIZE_BYTES)
  })

  it('flips one bit, for readers and on the medium', async () => {
    const { disk, file } = await diskWithFile()
    disk.flipBit('a', 1000, 3)
    const expected = new Uint8Array(SIZE_BYTES).fill(8, 1000, 1001)
    expect(await file.read(0, SIZE_BYTES)).to.deep.equal(expected)
    expect(disk.crash(loseAll).contents('a')).to.deep.equal(expected)
  })
})

class FaultyPlace {
  next: { readonly kind: DiskOperation['kind']; readonly fault: Verdict } | undefined
  #disk = this.#newDisk()

  open() {
    return this.#disk.open()
  }

  crash(): void {
    this.#disk = this.#disk.crash(seededRandom(1), { onOperation: (operation) => this.#verdict(operation) })
  }

  async remove(): Promise<void> {
    this.next = undefined
  }

  #newDisk(): FaultyDisk {
    return new FaultyDisk({ onOperation: (operation) => this.#verdict(operation) })
  }

  #verdict({ kind }: DiskOperation): Verdict {
    if (this.next?.kind !== kind) return undefined
    const { fault } = this.next
    this.next = undefined
    return fault
  }
}

async function diskWithFile(options: FaultyDiskOptions = {}) {
  const disk = new FaultyDisk(options)
  const directory = await disk.open()
  return { disk, directory, file: await directory.create('a', SIZE_BYTES) }
}

async function stoppedDuring(kind: DiskOperation['kind']) {
  const onOperation = (operation: DiskOperation): Verdict =>
    operation.kind === kind && operation.moment === 'during' ? 'stop' : undefined
  const disk = new FaultyDisk({ onOperation })
  const directory = await disk.open()
  void directory.create('a', SIZE_BYTES).then(() => directory.remove('a'))
  await disk.stopped
  return { disk }
}

/** Whole-sector writes of one value each, and syncs, until 30 calls are done or the world stops. */
async function runRandomly(seed: number, options: FaultyDiskOptions = {}) {
  const random = seededRandom(seed)
  const disk = new FaultyDisk(options)
  const allowed = Array.from({ length: SECTORS }, () => new Set([0]))
  await Promise.race([disk.stopped, writeRandomly(await disk.open(), random, allowed)])
  return { disk, allowed }
}

async function writeRandomly(
  directory: { create: FaultyCreate },
  random: Random,
  allowed: Set<number>[],
): Promise<void> {
  const file = await directory.create('a', SIZE_BYTES)
  const latest = allowed.map(() => 0)
  for (let value = 1; value <= 30; value += 1) {
    const first = randomBelow(random, SECTORS)
    const covered = Array.from({ length: 1 + randomBelow(random, SECTORS - first) }, (_, index) => first + index)
    const durable = random() < 0.3
    for (const sector of covered) allowed[sector]!.add(value)
    await file.write([sectors(covered.length, value)], first * SECTOR_BYTES, durable)
    for (const sector of covered) latest[sector] = value
    if (durable) for (const sector of covered) allowed[sector] = new Set([value])
    if (random() > 0.3) continue
    await file.sync()
    allowed.forEach((_, sector) => (allowed[sector] = new Set([latest[sector]!])))
  }
}

type FaultyCreate = (name: string, sizeBytes: number) => Promise<BlockFile>

function sectors(count: number, value: number): Uint8Array {
  return new Uint8Array(count * SECTOR_BYTES).fill(value)
}

function firstBytes(disk: FaultyDisk, count = 6): number[] {
  return Array.from({ length: count }, (_, sector) => disk.contents('a')![sector * SECTOR_BYTES]!)
}

async function expectCode(call: Promise<unknown>, code: string): Promise<void> {
  const error = await call.catch((thrown: unknown) => thrown)
  expect(error).to.be.instanceOf(WalrusError)
  expect((error as WalrusError).code).to.equal(code)
}

async function turnsOfTheLoop(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
