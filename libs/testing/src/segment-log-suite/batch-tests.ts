import type { EncodedBatch } from '@walrus/core'
import { crc32, readWholeBatch } from '@walrus/protocol'
import { expect } from 'chai'
import { allBatches, bytes, codeOf, endOf, type LogFixture } from './fixture.js'

export function batchTests(fixture: LogFixture): void {
  it('are told when their commit begins, in order, as they will be read', async () => {
    const log = fixture.create({ baseOffset: 5, epoch: 4 })
    const told: EncodedBatch[] = []
    const stop = log.onBatch((batch) => told.push(copyOf(batch)))
    for (const text of ['a', 'b', 'c']) {
      log.append(bytes(text))
      const cursor = log.commitCursor('shared', 5)
      expect(cursor.state).to.equal('pending')
      await cursor.done()
    }
    stop()
    const before = log.position
    await log.append(bytes('d')).done()
    expect(told.map(({ position, firstIndex, entryCount }) => [position, firstIndex, entryCount])).to.deep.equal([
      [0, 0, 1],
      [1, 1, 0],
      [2, 1, 1],
      [3, 2, 0],
      [4, 2, 1],
      [5, 3, 0],
    ])
    expect((await allBatches(log)).filter(({ position }) => position < before).map(copyOf)).to.deep.equal(told)
  })

  it('are told before they are committed', async () => {
    const log = fixture.create()
    let committedBefore = -1
    log.onBatch(() => (committedBefore = log.position))
    await log.append(bytes('a')).done()
    expect([committedBefore, log.position]).to.deep.equal([0, 1])
  })

  it('are whole, and carry the epoch of the segment, the producer and their index', async () => {
    const log = fixture.create({ epoch: 6 })
    await log.append(bytes('a')).done()
    await log.appendBatch([bytes('b'), bytes('c')], { id: 3, sequence: 8 }).done()
    await log.commitCursor('shared', 1).done()
    const headers = (await allBatches(log)).map((batch) => {
      const whole = readWholeBatch(batch.bytes, crc32)
      return typeof whole === 'string' ? whole : whole.header
    })
    expect(headers[1]).to.include({ firstIndex: 1, entryCount: 2, epoch: 6, producerId: 3, producerSequence: 8 })
    expect(headers[2]).to.include({ firstIndex: 3, entryCount: 0, control: true, epoch: 6, producerId: 0 })
  })
  batchReadTests(fixture)
}

function batchReadTests(fixture: LogFixture): void {
  it('are read from the beginning of any of them, also after a restart', async () => {
    const log = fixture.create()
    for (let at = 0; at < 60; at++) {
      log.appendBatch([bytes('x'.repeat(17 * at)), bytes('y')])
      if (at % 5 === 0) log.commitCursor('shared', at)
      await log.drain()
    }
    const all = (await allBatches(log)).map(copyOf)
    expect(all.reduce((sum, { entryCount }) => sum + Math.max(1, entryCount), 0)).to.equal(log.position)
    for (const [at, { position }] of all.entries())
      expect((await log.readBatches(position, 1_000_000)).map(copyOf)).to.deep.equal(all.slice(at))
    await fixture.restart()
    for (const [at, { position }] of [...all.entries()].reverse())
      expect((await fixture.log().readBatches(position, 1)).map(copyOf)).to.deep.equal(all.slice(at, at + 1))
  })

  it('are read while the bytes hold, and at least one', async () => {
    const log = fixture.create()
    for (const text of ['a', 'b', 'c']) await log.append(bytes(text)).done()
    const [first] = await log.readBatches(0, 0)
    const size = first?.bytes.length ?? 0
    const counts = await Promise.all([0, size, 2 * size, 3 * size - 1].map((max) => log.readBatches(0, max)))
    expect(counts.map((found) => found.length)).to.deep.equal([1, 1, 2, 2])
  })

  it('are none at the end, and nowhere but where one begins', async () => {
    const log = fixture.create()
    expect(await log.readBatches(0, 100)).to.deep.equal([])
    await log.appendBatch([bytes('a'), bytes('b')]).done()
    await log.appendBatch([bytes('c'), bytes('d')]).done()
    expect(await log.readBatches(4, 100)).to.deep.equal([])
    for (const position of [1, 3, 5, -1, 0.5])
      expect(await codeOf(() => log.readBatches(position, 100)), `${position}`).to.equal('INVALID_ARGUMENT')
  })

  it('begin again where the log ends after a restart', async () => {
    await fixture.create().append(bytes('a')).done()
    await fixture.restart()
    const told: number[] = []
    const log = fixture.log()
    log.onBatch((batch) => told.push(batch.position, endOf(batch)))
    await log.commitCursor('shared', 1).done()
    await log.append(bytes('b')).done()
    expect(told).to.deep.equal([1, 2, 2, 3])
  })
}

function copyOf(batch: EncodedBatch): EncodedBatch {
  return { ...batch, bytes: new Uint8Array(batch.bytes) }
}
