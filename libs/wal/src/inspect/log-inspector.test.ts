import { MemoryBlockFiles } from '@walrus/adapters-memory'
import type { BlockFileDirectory } from '@walrus/core'
import { writeU32 } from '@walrus/protocol'
import { expect } from 'chai'
import { createHash } from 'node:crypto'
import { bytesOf, failureOf, textsOf } from '../harness.test.js'
import { collect, entryOf, fill, LogFixture } from './log-fixture.test.js'
import { PAYLOAD, recode, rewriteSlot } from './tampering.test.js'

const FILE = '000000000001'

describe('log inspector', () => {
  let log: LogFixture
  beforeEach(() => (log = new LogFixture()))

  it('shows files, segments, runs, batches and cursors as the engine left them', async () => {
    await log.write(
      async (walrus) => {
        await walrus.append('b', bytesOf('one'))
        await walrus.appendBatch('a', [bytesOf('x'), bytesOf('y'), bytesOf('z')])
        await walrus.readBatch('a', { maxEntries: 2 })
      },
      { segmentBytesMax: 1_000_000 },
    )
    await log.look(async (inspector) => {
      const createdMs = Date.UTC(2026, 0, 1)
      const sizes = { sizeBytes: 61440, blockBytes: 4096, blockCount: 12, usedBlockCount: 2 }
      expect(inspector.files).to.deep.equal([{ name: FILE, fileId: 1, ...sizes, openCount: 1, createdMs }])
      expect(inspector.fileFindings).to.deep.equal([])
      expect(inspector.topics).to.deep.equal(['a', 'b'])
      const { segments, runs, cursors } = await inspector.topic('a')
      const place = { topic: 'a', segment: 1 }
      const batches = await collect(inspector.batches('a'))
      const sizeBytes = batches.reduce((sum, { payloadBytes }) => sum + PAYLOAD + payloadBytes, 0)
      expect(segments).to.deep.equal([
        {
          ...{ ...place, epoch: 1, fencedEpoch: 1, state: 'open', baseOffset: 0 },
          ...{ entryCount: 3, controlCount: 1, runCount: 1, sizeBytes, createdMs },
        },
      ])
      expect(cursors).to.have.length(1)
      expect(cursors[0]).to.include({ topic: 'a', offset: 2 })
      expect(runs).to.have.length(1)
      expect(runs[0]).to.include({ ...place, run: 0, file: FILE, blockCount: 1, state: 'open', use: 'used' })
      expect(runs[0]).to.include({ firstOffset: 0, entryCount: 3, capacityBytes: 4096 })
      expect(batches.map(({ kind, firstOffset, entryCount }) => ({ kind, firstOffset, entryCount }))).to.deep.equal([
        { kind: 'entries', firstOffset: 0, entryCount: 3 },
        { kind: 'control', firstOffset: 3, entryCount: 0 },
      ])
      expect(batches[0]).to.include({ ...place, file: FILE, byte: runs[0]!.byte, payloadBytes: 15, epoch: 1 })
      expect(batches[1]!.byte).to.equal(runs[0]!.byte + PAYLOAD + 15)
      expect(runs[0]!.sizeBytes).to.equal(sizeBytes)
    })
  })

  it('shows sealed segments with their offsets, and runs that hold nothing', async () => {
    await log.write(async (walrus) => fill(walrus, 'logs', 12), { segmentBytesMax: 6000 })
    const { segments, runs } = await log.look((inspector) => inspector.topic('logs'))
    expect(segments.map(({ state }) => state)).to.deep.equal([...segments.slice(1).map(() => 'sealed'), 'open'])
    let offset = 0
    for (const { baseOffset, entryCount } of segments) {
      expect(baseOffset).to.equal(offset)
      offset += entryCount
    }
    expect(offset).to.equal(12)
    const last = runs.at(-1)!
    rewriteSlot(log, last, (slot) => ({ ...slot, knownBytes: 0, knownEndIndex: slot.firstIndex }))
    log.bytes(last.file).fill(0, last.byte, last.byte + last.capacityBytes)
    expect((await log.runs('logs')).at(-1)).to.include({ use: 'empty', sizeBytes: 0, entryCount: 0 })
  })

  it('says where the entries of a segment end for the engine, at damage', async () => {
    await log.writeAndDie(async (walrus) => fill(walrus, 'logs', 3, 300))
    log.flip((await log.batches('logs'))[1]!, PAYLOAD)
    const [segment] = (await log.look((inspector) => inspector.topic('logs'))).segments
    expect(segment!.damage).to.match(
      /^Cannot read offset 1 of topic "logs" segment 1 \(file 000000000001\): at byte \d+: /,
    )
  })

  it("shows what a user has truncated by its new start, and no cursor but the user's own", async () => {
    await log.write(async (walrus) => {
      await fill(walrus, 'logs', 12)
      await walrus.truncateBefore('logs', 5)
      await walrus.readNext('logs')
    })
    await log.look(async (inspector) => {
      const { startOffset, segments, cursors } = await inspector.topic('logs')
      expect({ startOffset, baseOffset: segments[0]?.baseOffset }).to.deep.equal({ startOffset: 5, baseOffset: 0 })
      expect(cursors.map(({ offset }) => offset)).to.deep.equal([6])
      expect((await collect(inspector.entries('logs')))[0]?.offset).to.equal(5)
      expect((await collect(inspector.entries('logs', 3)))[0]?.offset).to.equal(5)
    })
    expect(await log.findings()).to.deep.equal([])
  })

  it('finds nothing wrong where retention has dropped segments and deleted files', async () => {
    await log.write(
      async (walrus) => {
        await fill(walrus, 'logs', 200)
        await walrus.truncateBefore('logs', 190)
      },
      { segmentBytesMax: 10_000 },
    )
    const all = await log.findings()
    expect(log.disk.files.has(FILE)).to.equal(false)
    expect(all.map(({ severity, kind }) => ({ severity, kind }))).to.deep.equal([
      { severity: 'note', kind: 'absent-file' },
    ])
  })

  it('knows nothing of a topic that is not there', async () => {
    await log.look(async (inspector) => {
      expect(await inspector.topic('x')).to.deep.equal({
        topic: 'x',
        startOffset: 0,
        segments: [],
        runs: [],
        cursors: [],
      })
      expect(await collect(inspector.entries('x'))).to.deep.equal([])
      expect(await collect(inspector.batches('x'))).to.deep.equal([])
    })
  })

  it('changes nothing, whatever it finds', async () => {
    await log.writeAndDie(async (walrus) => fill(walrus, 'logs', 40), { segmentBytesMax: 6000 })
    log.flip((await log.batches('logs'))[3]!, PAYLOAD)
    log.flip({ file: FILE, byte: 4096 })
    log.disk.files.set('000000000009', new Uint8Array(61440))
    const before = hashOf(log)
    const { directory, calls } = watched(await MemoryBlockFiles.open(log.disk))
    const inspector = await log.inspector(directory)
    for (const topic of inspector.topics) {
      await inspector.topic(topic)
      await collect(inspector.batches(topic))
    }
    await inspector.verify({ onFinding: () => undefined })
    await inspector.close()
    expect(hashOf(log)).to.equal(before)
    expect(new Set(calls.map(({ call }) => call))).to.deep.equal(new Set(['list', 'open', 'read', 'close']))
  })

  it('reads in pieces, however much there is', async () => {
    const settings = { fileBytes: 64 * 2 ** 20, blockBytes: 64 * 1024, batchBytesMax: 100_000 }
    const entries = Array.from({ length: 100 }, (_, at) => entryOf(`big ${at}`, 8000))
    await log.write(async (walrus) => {
      for (let round = 0; round < 20; round++) await walrus.appendBatch('logs', entries)
    }, settings)
    const { directory, calls } = watched(await MemoryBlockFiles.open(log.disk))
    const { summary } = await log.verify(directory)
    expect(summary).to.include({ whole: true, entryCount: 2000 })
    const longest = Math.max(...calls.map(({ bytes = 0 }) => bytes))
    expect(longest).to.be.within(1, 4 * 2 ** 20)
    expect(summary.bytes).to.be.greaterThan(3 * longest)
  })

  it('copes with thousands of runs and topics, and tells how far it is', async () => {
    await log.write(
      async (walrus) => {
        const topics = Array.from({ length: 1500 }, (_, at) => `topic-${at}`)
        for (const text of ['a', 'b']) await Promise.all(topics.map((topic) => walrus.append(topic, bytesOf(text))))
      },
      { fileBytes: 2 ** 20 },
    )
    const inspector = await log.inspector()
    const progress: number[] = []
    let total = 0
    const summary = await inspector.verify({
      onFinding: (finding) => expect.fail(JSON.stringify(finding)),
      onProgress: (doneBytes, totalBytes) => {
        progress.push(doneBytes)
        total = totalBytes
      },
    })
    await inspector.close()
    expect(summary).to.include({ whole: true, topicCount: 1500, segmentCount: 1500, entryCount: 3000 })
    expect(progress).to.deep.equal([...progress].sort((a, b) => a - b))
    expect(progress.at(-1)).to.equal(total)
    expect(total).to.equal(1500 * 4096)
  })

  it('gives the directory back when it cannot be read', async () => {
    const directory = await MemoryBlockFiles.open(log.disk)
    directory.list = () => Promise.reject(new Error('no list'))
    let message = ''
    await log.inspector(directory).catch((error: Error) => (message = error.message))
    expect(message).to.equal('no list')
    await (await MemoryBlockFiles.open(log.disk)).close()
  })

  describe('reading entries', () => {
    const read = (from: number) =>
      log.look(async (inspector) => textsOf(await collect(inspector.entries('logs', from))))

    async function readUpToDamage(from: number): Promise<{ texts: string[]; message: string }> {
      return log.look(async (inspector) => {
        const texts: string[] = []
        const all = (async () => {
          for await (const { data } of inspector.entries('logs', from)) texts.push(Buffer.from(data).toString())
        })()
        const { code, message } = await failureOf(all)
        expect(code).to.equal('CORRUPT_DATA')
        return { texts, message }
      })
    }

    beforeEach(async () => {
      await log.write(
        async (walrus) => {
          for (let at = 0; at < 30; at += 3)
            await walrus.appendBatch(
              'logs',
              [at, at + 1, at + 2].map((one) => bytesOf(`entry ${one}`.padEnd(400, '.'))),
            )
        },
        { segmentBytesMax: 5000 },
      )
    })

    it('gives them from any offset on, over batches, runs and segments', async () => {
      for (const from of [0, 1, 2, 3, 14, 29, 30, 99]) {
        const texts = (await read(from)).map((text) => Number(/\d+/.exec(text)?.[0]))
        expect(texts, `from ${from}`).to.deep.equal(
          Array.from({ length: Math.max(0, 30 - from) }, (_, at) => from + at),
        )
      }
    })

    it('gives each its offset and time', async () => {
      const entries = await log.look((inspector) => collect(inspector.entries('logs', 7)))
      expect(entries[0]).to.include({ offset: 7, timestampMs: Date.UTC(2026, 0, 1) })
      expect(entries.map(({ offset }) => offset)).to.deep.equal(Array.from({ length: 23 }, (_, at) => 7 + at))
    })

    it('stops at damage, says where to go on, and goes on there', async () => {
      const batch = (await log.batches('logs')).filter(({ kind }) => kind === 'entries')[4]!
      log.flip(batch, PAYLOAD + 50)
      const { texts, message } = await readUpToDamage(10)
      expect(texts).to.have.length(batch.firstOffset - 10)
      const place = `topic "logs" segment ${batch.segment} (file ${batch.file} at byte ${batch.byte})`
      const goOn = `what is readable goes on at offset ${batch.firstOffset + 3}`
      expect(message).to.equal(`Cannot read offset ${batch.firstOffset} of ${place}: payload checksum; ${goOn}`)
      expect((await readUpToDamage(batch.firstOffset + 1)).message).to.include(`offset ${batch.firstOffset + 1} of`)
      expect(await read(batch.firstOffset + 3)).to.have.length(30 - batch.firstOffset - 3)
    })

    it('reads over damaged control records, which cost no entry', async () => {
      const control = (await log.batches('logs')).find(({ kind }) => kind === 'state')
      log.flip(control!, PAYLOAD)
      expect(await read(0)).to.have.length(30)
    })

    it('does not give entries that are none, and goes on behind them', async () => {
      const batch = (await log.batches('logs')).filter(({ segment, kind }) => segment === 1 && kind === 'entries')[1]!
      recode(log, batch, (payload) => writeU32(payload, 404, 9))
      const { texts, message } = await readUpToDamage(0)
      expect(texts, 'nothing of the batch').to.have.length(3)
      const place = `topic "logs" segment 1 (file ${batch.file} at byte ${batch.byte})`
      const reason = 'payload is no list of entries: short-entry; what is readable goes on at offset 6'
      expect(message).to.equal(`Cannot read offset 3 of ${place}: ${reason}`)
      expect(await read(6)).to.have.length(24)
    })

    it('says what segments are missing', async () => {
      const lost = (await log.runs('logs')).filter(({ segment }) => segment === 2)
      for (const run of lost) rewriteSlot(log, run, (slot) => ({ ...slot, state: 'free' }))
      const { texts, message } = await readUpToDamage(0)
      const from = lost[0]!.firstOffset
      const to = from + lost.reduce((sum, { entryCount }) => sum + entryCount, 0)
      expect(texts).to.have.length(from)
      const reason = `its segment is missing; what is readable goes on at offset ${to}`
      expect(message).to.equal(`Cannot read offset ${from} of topic "logs": ${reason}`)
      expect(await read(to)).to.have.length(30 - to)
    })

    it('begins at the oldest that is kept', async () => {
      const first = (await log.runs('logs')).filter(({ segment }) => segment === 1)
      for (const run of first) rewriteSlot(log, run, (slot) => ({ ...slot, state: 'free' }))
      const kept = 30 - first.reduce((sum, { entryCount }) => sum + entryCount, 0)
      expect(await read(0)).to.have.length(kept)
    })
  })
})

function hashOf({ disk }: LogFixture): string {
  const hash = createHash('sha256')
  for (const [name, bytes] of [...disk.files].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(name).update(bytes)
  return hash.digest('hex')
}

interface Call {
  readonly call: string
  readonly bytes?: number
}

/** Notes every call to the directory and to its files. */
function watched(directory: BlockFileDirectory): { directory: BlockFileDirectory; calls: Call[] } {
  const calls: Call[] = []
  const watch = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          calls.push({ call: String(name), ...(name === 'read' && { bytes: args[1] as number }) })
          const result: unknown = await value.apply(target, args)
          return name === 'open' ? watch(result as object) : result
        }
      },
    })
  return { directory: watch(directory), calls }
}
