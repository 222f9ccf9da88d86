import { nativeChecksum, openFdBlockFiles, openMmapBlockFiles, probeMmap, systemClock } from '@walrus/adapters-fs'
import { openUringBlockFiles, probeUring } from '@walrus/adapters-uring'
import type { BlockFileDirectory } from '@walrus/core'
import { temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { Walrus, type FsyncSchedule } from '@walrus/wal'
import { expect } from 'chai'

type Open = (path: string) => Promise<BlockFileDirectory>

const backends = new Map<string, Open>([['fd', openFdBlockFiles]])
if (probeMmap().available) backends.set('mmap', openMmapBlockFiles)
if (probeUring().available) backends.set('uring', openUringBlockFiles)

const schedules = { each: 'each append durable', none: 'no append durable by itself' } as const

describe('a log that changes its backend', () => {
  let folder: TemporaryFolder
  beforeEach(async () => (folder = await temporaryFolder()))
  afterEach(() => folder.remove())

  for (const kind of ['each', 'none'] as const) {
    for (const [first, openFirst] of backends) {
      for (const [second, openSecond] of backends) {
        it(`is written with ${first}, then with ${second}, read with any (${schedules[kind]})`, async () => {
          for (const [round, open] of [openFirst, openSecond, openFirst].entries())
            await withWalrus(open, kind, folder.path, (walrus) => appendRound(walrus, round))
          for (const open of backends.values())
            await withWalrus(open, kind, folder.path, (walrus) => expectRounds(walrus, 3))
        })
      }
    }
  }
})

const TOPICS = ['small', 'large', 'mixed'] as const
const ENTRIES_A_ROUND = 200

async function withWalrus(
  open: Open,
  kind: FsyncSchedule['kind'] & ('each' | 'none'),
  path: string,
  use: (walrus: Walrus) => Promise<void>,
): Promise<void> {
  const walrus = await Walrus.open({
    directory: await open(path),
    clock: systemClock(),
    checksum: nativeChecksum,
    fsync: { kind },
    fileBytes: 2 ** 22,
    blockBytes: 2 ** 16,
    segmentBytesMax: 2 ** 20,
  })
  try {
    await use(walrus)
  } finally {
    await walrus.close()
  }
}

async function appendRound(walrus: Walrus, round: number): Promise<void> {
  const numbers = Array.from({ length: ENTRIES_A_ROUND }, (_, n) => round * ENTRIES_A_ROUND + n)
  await Promise.all(TOPICS.flatMap((topic) => numbers.map((n) => walrus.append(topic, entry(topic, n)))))
}

async function expectRounds(walrus: Walrus, rounds: number): Promise<void> {
  for (const topic of TOPICS) {
    const count = rounds * ENTRIES_A_ROUND
    expect(walrus.entryCount(topic)).to.equal(count)
    for (let offset = 0; offset < count;) {
      const entries = await walrus.read(topic, offset)
      for (const { data } of entries) expect(Buffer.compare(data, entry(topic, offset++))).to.equal(0)
      expect(entries).not.to.have.length(0)
    }
  }
}

function entry(topic: (typeof TOPICS)[number], n: number): Uint8Array {
  const sizes = { small: n % 100, large: 5000 + (n % 20_000), mixed: n % 10 === 0 ? 40_000 : 10 }
  return new Uint8Array(sizes[topic]).fill(n % 251)
}
