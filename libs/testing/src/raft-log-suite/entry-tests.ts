import { entryOverheadBytes, type Entry } from '@walrus/raft'
import { expect } from 'chai'
import { entriesFrom, plain, write, type RaftLogFixture } from './fixture.js'

export function entryTests(fixture: RaftLogFixture): void {
  it('are appended, one write after the other', async () => {
    await fixture.append(1, 1)
    await fixture.append(2, 1, 2)
    await fixture.append(4, 2)
    await fixture.holds({ terms: [1, 1, 2, 2] })
  })

  it('are many in one write', async () => {
    const terms = Array.from({ length: 3_000 }, (_, at) => 1 + Math.floor(at / 700))
    await fixture.append(1, ...terms)
    await fixture.holds({ terms })
  })

  it('come back as any part of them', async () => {
    await fixture.append(1, 1, 1, 2, 3, 3)
    const { store } = fixture
    for (let low = 1; low <= 6; low++) {
      for (let high = low; high <= 6; high++) {
        const expected = entriesFrom(1, [1, 1, 2, 3, 3]).slice(low - 1, high - 1)
        expect(plain(store.entries(low, high, Infinity)), `${low} to ${high}`).to.deep.equal(plain(expected))
      }
    }
  })

  it('come back as many as fit, but at least one', async () => {
    const data = new Uint8Array(100)
    const entries: Entry[] = [1, 2, 3, 4].map((index) => ({ index, term: 1, type: 'normal', data }))
    await fixture.store.write(write({ entries }))
    const size = 100 + entryOverheadBytes
    const counts = [0, 1, size, size + 1, 2 * size - 1, 2 * size, 3 * size, 100 * size].map(
      (bytesMax) => fixture.store.entries(1, 5, bytesMax)?.length,
    )
    expect(counts).to.deep.equal([1, 1, 1, 1, 1, 2, 3, 4])
  })
  contentTests(fixture)

  it('know their terms over many runs of terms', async () => {
    const terms = Array.from({ length: 200 }, (_, at) => 1 + at * 3)
    await fixture.append(1, ...terms)
    await fixture.holds({ terms })
  })

  it('have terms as large as there are', async () => {
    await fixture.append(1, 1, 2 ** 40, Number.MAX_SAFE_INTEGER)
    await fixture.holds({ terms: [1, 2 ** 40, Number.MAX_SAFE_INTEGER] })
  })

  it('are none in an empty range', async () => {
    await fixture.append(1, 1)
    expect(fixture.store.entries(1, 1, Infinity)).to.deep.equal([])
    expect(fixture.store.entries(2, 2, Infinity)).to.deep.equal([])
  })

  it('that were read stay as they were', async () => {
    await fixture.append(1, 1, 1, 1)
    const before = fixture.store.entries(1, 4, Infinity)
    await fixture.append(2, 2)
    expect(plain(before)).to.deep.equal(plain(entriesFrom(1, [1, 1, 1])))
  })

  it('are not changed by a write of nothing', async () => {
    await fixture.append(1, 1, 2)
    await fixture.store.write(write({ mustSync: false }))
    await fixture.holds({ terms: [1, 2] })
  })
}

function contentTests(fixture: RaftLogFixture): void {
  it('keep their type and every byte', async () => {
    const all = Uint8Array.from({ length: 256 }, (_, at) => at)
    const entries: Entry[] = [
      { index: 1, term: 1, type: 'normal', data: all },
      { index: 2, term: 1, type: 'confChange', data: new Uint8Array(0) },
      { index: 3, term: 1, type: 'confChangeV2', data: Uint8Array.of(0, 255, 0) },
    ]
    await fixture.store.write(write({ entries }))
    expect(plain(fixture.store.entries(1, 4, Infinity))).to.deep.equal(plain(entries))
    expect(plain((await fixture.restart()).entries(1, 4, Infinity))).to.deep.equal(plain(entries))
  })

  it('may be empty, and may be large', async () => {
    const large = Uint8Array.from({ length: 3_000_000 }, (_, at) => at * 7)
    const entries: Entry[] = [new Uint8Array(0), large, new Uint8Array(0)].map((data, at) => ({
      index: at + 1,
      term: 1,
      type: 'normal',
      data,
    }))
    await fixture.store.write(write({ entries }))
    const stored = (await fixture.restart()).entries(1, 4, Infinity)
    expect(stored?.map(({ data }) => data.length)).to.deep.equal([0, 3_000_000, 0])
    expect(Buffer.compare(stored?.[1]?.data ?? large.subarray(1), large)).to.equal(0)
  })
}
