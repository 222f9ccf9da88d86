import { expect } from 'chai'
import { bytes, texts, type LogFixture } from './fixture.js'

export function readTests(fixture: LogFixture): void {
  it('reads within both limits, and at least one entry', async () => {
    const log = fixture.create({ baseOffset: 10 })
    await log.appendBatch([bytes('aa'), bytes('bb'), bytes('cc')]).done()
    const offsets = async (maxEntries: number, maxBytes: number): Promise<number[]> =>
      (await log.read(0, { maxEntries, maxBytes })).map((entry) => entry.offset)
    expect(await offsets(2, 100)).to.deep.equal([10, 11])
    expect(await offsets(9, 5)).to.deep.equal([10, 11])
    expect(await offsets(9, 1)).to.deep.equal([10])
  })

  it('has nothing at the end', async () => {
    const log = fixture.create()
    expect(await texts(log)).to.deep.equal([])
    await log.append(bytes('a')).done()
    expect(await texts(log, 1)).to.deep.equal([])
  })

  it('reads any entry of many, also after a restart', async () => {
    const log = fixture.create()
    const expected = Array.from({ length: 400 }, (_, at) => `${at}`.padEnd(at % 97, '.'))
    for (const text of expected) {
      log.append(bytes(text))
      if (text.length % 7 === 0) await log.drain()
    }
    await log.drain()
    for (const from of [0, 1, 133, 399]) expect(await texts(log, from)).to.deep.equal(expected.slice(from))
    await fixture.restart()
    for (const from of [399, 12, 250, 0]) expect(await texts(fixture.log(), from)).to.deep.equal(expected.slice(from))
  })

  it('finds the first entry of a time', async () => {
    const log = fixture.create()
    await log.append(bytes('a')).done()
    const [entry] = await log.read(0, { maxEntries: 1, maxBytes: 1 })
    expect(await log.indexAtTime(entry?.timestampMs ?? -1)).to.equal(0)
    expect(await log.indexAtTime(Number.MAX_SAFE_INTEGER)).to.equal(1)
  })
}
