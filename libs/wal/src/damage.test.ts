import { FaultyDisk, randomBelow, seededRandom } from '@walrus/testing'
import { expect } from 'chai'
import { blockPosition, geometryWithin, SECTOR_BYTES, slotPosition, SUPERBLOCK_BYTES } from './format/geometry.js'
import { bytesOf, damageIn, failureOf, openWalrus, paddedEntry, problemList, readAll, SMALL } from './harness.test.js'
import { WalrusError } from '@walrus/core'
import type { Walrus } from './walrus.js'

const FIRST_FILE = '000000000001'
const DATA_START = blockPosition(geometryWithin(SMALL.fileBytes, SMALL.blockBytes, 1), 0)
const TINY_SEGMENTS = { segmentBytesMax: 2500 }
const keepAll = (): number => 0

/** Where the text stands in the file's data; the bytes of an entry are found by what they say. */
function positionOf(disk: FaultyDisk, text: string): number {
  return Buffer.from(disk.contents(FIRST_FILE)!).indexOf(text, DATA_START)
}

/** Three topics of several segments each, closed as it should be; each cursor stands at entry 5. */
async function closedDisk(): Promise<FaultyDisk> {
  const disk = new FaultyDisk()
  const walrus = await openWalrus(disk, TINY_SEGMENTS)
  for (const topic of ['one', 'two', 'three']) {
    for (let nth = 0; nth < 20; nth++) await walrus.append(topic, paddedEntry(`${topic}-${nth}`, 300))
    await walrus.readBatch(topic, { maxEntries: 5 })
  }
  await walrus.close()
  return disk
}

describe('damage in sealed data', () => {
  it('is reported with file, byte, offset, topic and segment, and touches nobody else', async () => {
    const disk = await closedDisk()
    const walrus = await openWalrus(disk, TINY_SEGMENTS)
    const position = positionOf(disk, 'one-2 ')
    disk.flipBit(FIRST_FILE, position)
    const failure = await failureOf(walrus.read('one', 2))
    expect(failure.code).to.equal('CORRUPT_DATA')
    expect(failure.message).to.match(
      /^Cannot read offset 2 of topic "one" segment 1 \(file 000000000001 at byte \d+\): payload checksum$/,
    )
    expect(
      (await walrus.read('one', 0)).map(({ offset }) => offset),
      'what stands before',
    ).to.deep.equal([0, 1])
    expect((await walrus.read('one', 10)).length, 'what stands in other runs').to.be.greaterThan(0)
    expect((await readAll(walrus, 'two')).length).to.equal(20)
    expect(await walrus.append('two', bytesOf('more'))).to.equal(20)
    expect(await walrus.append('one', bytesOf('more'))).to.equal(20)
  })

  it('stops the cursor there, and says so each time', async () => {
    const disk = await closedDisk()
    disk.flipBit(FIRST_FILE, positionOf(disk, 'one-6 '))
    const { problems, onProblem } = problemList()
    const walrus = await openWalrus(disk, { ...TINY_SEGMENTS, onProblem })
    expect(problems, 'sealed data is not read at open').to.deep.equal([])
    expect((await walrus.readNext('one'))?.offset).to.equal(5)
    for (let nth = 0; nth < 3; nth++) expect((await failureOf(walrus.readNext('one'))).code).to.equal('CORRUPT_DATA')
    expect((await walrus.readNext('two'))?.offset).to.equal(5)
  })
})

describe('damage in a run that was being written', () => {
  async function crashedDisk(): Promise<FaultyDisk> {
    const disk = new FaultyDisk()
    const walrus = await openWalrus(disk)
    for (let nth = 0; nth < 10; nth++) await walrus.append('logs', paddedEntry(`logs-${nth}`, 100))
    await walrus.append('other', bytesOf('other'))
    return disk.crash(keepAll)
  }

  async function cleanDisk(): Promise<FaultyDisk> {
    const disk = new FaultyDisk()
    const walrus = await openWalrus(disk)
    for (let nth = 0; nth < 10; nth++) await walrus.append('logs', paddedEntry(`logs-${nth}`, 100))
    await walrus.close()
    return disk
  }

  it('is told at open, to readers and to writers when it was known durable', async () => {
    const disk = await crashedDisk()
    disk.flipBit(FIRST_FILE, positionOf(disk, 'logs-4 '))
    const { problems, onProblem } = problemList()
    const walrus = await openWalrus(disk, { onProblem })
    expect(problems).to.have.length(1)
    expect(problems[0]).to.match(/^Cannot read offset 4 of topic "logs" segment 1 \(file 000000000001\): at byte \d+: /)
    expect((await walrus.read('logs', 0)).length).to.equal(4)
    const calls = [
      walrus.read('logs', 4),
      walrus.append('logs', bytesOf('a')),
      walrus.appendBatch('logs', [bytesOf('a')]),
      walrus.readNext('logs'),
    ]
    for (const call of calls) expect((await failureOf(call)).code).to.equal('CORRUPT_DATA')
    expect(await walrus.append('other', bytesOf('more'))).to.equal(1)
  })

  it('is found again at each opening, however often it was found before', async () => {
    for (const disk of [await crashedDisk(), await cleanDisk()]) {
      await (await openWalrus(disk)).close()
      const walrus = await openWalrus(disk)
      await walrus.append('logs', bytesOf('last'))
      await walrus.close()
      for (const text of ['last', 'logs-9 ']) disk.flipBit(FIRST_FILE, positionOf(disk, text))
      for (let nth = 0; nth < 3; nth++) {
        const again = await openWalrus(disk)
        expect((await again.read('logs', 0)).length, `opening ${nth}`).to.equal(9)
        for (const offset of [9, 10])
          expect((await failureOf(again.read('logs', offset))).code).to.equal('CORRUPT_DATA')
        expect((await failureOf(again.append('logs', bytesOf('a')))).code).to.equal('CORRUPT_DATA')
        await again.close()
      }
    }
  })

  it('is a torn tail in the last commit, of which nothing says that it was ever whole', async () => {
    const disk = await crashedDisk()
    disk.flipBit(FIRST_FILE, positionOf(disk, 'logs-9 '))
    const { problems, onProblem } = problemList()
    const walrus = await openWalrus(disk, { onProblem })
    expect([problems, walrus.entryCount('logs')]).to.deep.equal([[], 9])
  })

  it('does not end in offsets that are given twice, though the segment is full', async () => {
    const disk = await crashedDisk()
    disk.flipBit(FIRST_FILE, positionOf(disk, 'logs-4 '))
    const walrus = await openWalrus(disk, { segmentBytesMax: 200 })
    for (let nth = 0; nth < 2; nth++)
      expect((await failureOf(walrus.append('logs', bytesOf('a')))).code).to.equal('CORRUPT_DATA')
  })

  it('does not wake what a damaged slot has covered', async () => {
    const disk = await crashedDisk()
    disk.flipBit(FIRST_FILE, slotPosition(0) + 10)
    const { problems, onProblem } = problemList()
    const walrus = await openWalrus(disk, { onProblem })
    expect(problems.join()).to.contain('the slot of block 0')
    for (let nth = 0; nth < 30; nth++) await walrus.append('new', paddedEntry('new', 1000))
    await walrus.close()
    expect(positionOf(disk, 'logs-9 '), 'the data is still there to be rescued').to.be.greaterThan(DATA_START)
  })
})

describe('any changed bit', () => {
  const FLIPS = 1500

  /** Positions where something stands: the head of the file, and the blocks in use. */
  function positionAtRandom(random: () => number, usedBytes: number): number {
    const head = SUPERBLOCK_BYTES + 16 * 512
    return random() < 0.4 ? randomBelow(random, head) : DATA_START + randomBelow(random, usedBytes)
  }

  it('is harmless, or reported: nothing wrong is read, and nothing is missing in silence', async function () {
    this.timeout(60_000)
    const whole = await closedDisk()
    const used = Buffer.from(whole.contents(FIRST_FILE)!)
    const usedBytes = used.lastIndexOf('three-19') + 400 - DATA_START
    const random = seededRandom(11)
    for (let nth = 0; nth < FLIPS; nth++) {
      const [position, bit] = [positionAtRandom(random, usedBytes), randomBelow(random, 8)]
      const disk = whole.crash(keepAll)
      disk.flipBit(FIRST_FILE, position, bit)
      await checkReported(disk, `bit ${bit} of byte ${position}`)
    }
  })

  async function checkReported(disk: FaultyDisk, what: string): Promise<void> {
    const { problems, onProblem } = problemList()
    const isWhole = (await damageIn(disk)).length === 0
    const walrus = await openWalrus(disk, { ...TINY_SEGMENTS, onProblem }).catch((error: unknown) => {
      expect(error, what).to.be.instanceOf(WalrusError)
      expect(isWhole, `${what} is damage to an inspector`).to.equal(false)
    })
    if (!walrus) return
    for (const topic of ['one', 'two', 'three']) {
      const { count, failed } = await readUntilFailure(walrus, topic, what)
      const complete = count === 20 && walrus.unreadCount(topic) === 15
      expect(complete || failed || problems.length > 0, `${what}: ${topic} has ${count} entries`).to.equal(true)
      expect(complete || !isWhole, `${what} is damage to an inspector`).to.equal(true)
    }
    await walrus.close()
  }

  /** Each entry that is read must be the one that was appended at its offset. */
  async function readUntilFailure(
    walrus: Walrus,
    topic: string,
    what: string,
  ): Promise<{ count: number; failed: boolean }> {
    let count = 0
    try {
      for (let next = 0; ;) {
        const entries = await walrus.read(topic, next)
        if (entries.length === 0) return { count, failed: false }
        for (const { offset, data } of entries)
          expect(Buffer.compare(data, paddedEntry(`${topic}-${offset}`, 300)), `${what}: ${topic} ${offset}`).to.equal(
            0,
          )
        count += entries.length
        next = (entries.at(-1)?.offset ?? next) + 1
      }
    } catch (error) {
      if (!(error instanceof WalrusError)) throw error
      expect(error.code).to.equal('CORRUPT_DATA')
      return { count, failed: true }
    }
  }
})

describe('a sector of zeros in the place of the first slot', () => {
  it('is damage of that slot where the file holds something durable, and no file to be made anew', async () => {
    const disk = new FaultyDisk()
    const walrus = await openWalrus(disk)
    for (const topic of ['one', 'two']) await walrus.append(topic, bytesOf(topic))
    await walrus.close()
    const directory = await disk.open()
    await (await directory.open(FIRST_FILE)).write([new Uint8Array(SECTOR_BYTES)], slotPosition(0), true)
    await directory.close()
    expect((await damageIn(disk)).map(({ kind, byte }) => ({ kind, byte }))).to.deep.equal([
      { kind: 'slot', byte: slotPosition(0) },
    ])
    const { problems, onProblem } = problemList()
    const again = await openWalrus(disk, { onProblem })
    expect(problems).to.deep.equal([
      `Cannot trust "faulty/${FIRST_FILE}": the slot of block 0 at byte ${slotPosition(0)} is damaged`,
    ])
    expect(await readAll(again, 'two')).to.deep.equal(['two'])
  })
})
