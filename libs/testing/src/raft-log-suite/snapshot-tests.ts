import { expect } from 'chai'
import { dataOf, entriesFrom, snapshotAt, write, type RaftLogFixture } from './fixture.js'

export function snapshotTests(fixture: RaftLogFixture): void {
  it('found a log', async () => {
    await fixture.store.write(write({ snapshot: snapshotAt(1, 1), hardState: { term: 1, vote: 0, commit: 1 } }))
    await fixture.holds({ base: [1, 1], snapshot: [1, 1], hardState: { term: 1, vote: 0, commit: 1 } })
  })

  it('replace a log that is shorter', async () => {
    await fixture.append(1, 1, 1)
    await fixture.store.write(write({ snapshot: snapshotAt(10, 3), hardState: { term: 3, vote: 0, commit: 10 } }))
    await fixture.holds({ base: [10, 3], snapshot: [10, 3], hardState: { term: 3, vote: 0, commit: 10 } })
  })

  it('replace a log that is longer: nothing of it stays', async () => {
    await fixture.append(1, ...Array.from({ length: 50 }, () => 1))
    await fixture.store.write(write({ snapshot: snapshotAt(10, 3), hardState: { term: 3, vote: 0, commit: 10 } }))
    await fixture.holds({ base: [10, 3], snapshot: [10, 3] })
  })

  it('come with the entries after them', async () => {
    await fixture.append(1, 1, 1, 1, 1, 1, 1, 1)
    const entries = entriesFrom(6, [3, 3])
    await fixture.store.write(
      write({ snapshot: snapshotAt(5, 2), entries, hardState: { term: 3, vote: 0, commit: 5 } }),
    )
    await fixture.holds({ base: [5, 2], terms: [3, 3], snapshot: [5, 2] })
  })

  it('are followed by more entries', async () => {
    await fixture.store.write(write({ snapshot: snapshotAt(5, 2), hardState: { term: 2, vote: 0, commit: 5 } }))
    await fixture.append(6, 2, 2)
    await fixture.append(7, 3)
    await fixture.store.write(write({ hardState: { term: 3, vote: 0, commit: 5 } }))
    await fixture.holds({ base: [5, 2], terms: [2, 3], snapshot: [5, 2] })
  })

  it('replace one another, and only newer ones do', async () => {
    const hardState = { term: 4, vote: 0, commit: 20 }
    await fixture.store.write(write({ snapshot: snapshotAt(5, 2), hardState: { ...hardState, commit: 5 } }))
    await fixture.store.write(write({ snapshot: snapshotAt(20, 4), hardState }))
    await fixture.append(21, 4)
    await fixture.store.write(write({ snapshot: snapshotAt(20, 4) }))
    await fixture.store.write(write({ snapshot: snapshotAt(7, 3) }))
    await fixture.holds({ base: [20, 4], terms: [4], snapshot: [20, 4], hardState })
  })

  it('lift the commit index even above a hard state that comes with them', async () => {
    await fixture.append(1, 1)
    await fixture.store.write(write({ snapshot: snapshotAt(9, 2), hardState: { term: 2, vote: 3, commit: 1 } }))
    await fixture.holds({ base: [9, 2], snapshot: [9, 2], hardState: { term: 2, vote: 3, commit: 9 } })
  })

  it('lift the commit index, and an older hard state does not lower it again', async () => {
    await fixture.append(1, 1)
    await fixture.store.write(write({ snapshot: snapshotAt(9, 2), hardState: { term: 2, vote: 0, commit: 9 } }))
    await fixture.store.write(write({ hardState: { term: 2, vote: 0, commit: 1 } }))
    await fixture.holds({ base: [9, 2], snapshot: [9, 2], hardState: { term: 2, vote: 0, commit: 9 } })
  })

  readingTests(fixture)
}

function readingTests(fixture: RaftLogFixture): void {
  it('make the entries before them unreadable', async () => {
    await fixture.append(1, 1, 1, 1)
    await fixture.store.write(write({ snapshot: snapshotAt(5, 2), hardState: { term: 2, vote: 0, commit: 5 } }))
    for (const low of [1, 4, 5]) expect(fixture.store.entries(low, 6, Infinity), `from ${low}`).to.equal(undefined)
    expect(fixture.store.entries(6, 6, Infinity)).to.deep.equal([])
  })

  it('skip entries that they contain', async () => {
    await fixture.store.write(write({ snapshot: snapshotAt(5, 2), hardState: { term: 2, vote: 0, commit: 5 } }))
    await fixture.append(4, 2, 2, 2, 2)
    await fixture.holds({ base: [5, 2], terms: [2, 2], snapshot: [5, 2] })
    await fixture.append(2, 2, 2)
    await fixture.holds({ base: [5, 2], terms: [2, 2], snapshot: [5, 2] })
  })

  it('may be empty, and may be large', async () => {
    for (const [index, length] of [
      [3, 0],
      [4, 5_000_000],
      [5, 10],
    ] as const) {
      const data = Uint8Array.from({ length }, (_, at) => at * 13)
      await fixture.store.write(
        write({ snapshot: snapshotAt(index, 1, data), hardState: { term: 1, vote: 0, commit: index } }),
      )
      for (let life = 0; life < 2; life++) {
        const loaded = await fixture.store.loadSnapshot()
        expect(Buffer.compare(loaded?.data ?? dataOf(0, 0), data), `${length} bytes`).to.equal(0)
        await fixture.restart()
      }
    }
  })
}
