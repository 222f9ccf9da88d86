import { expect } from 'chai'
import { entriesFrom, write, type RaftLogFixture } from './fixture.js'

export function hardStateTests(fixture: RaftLogFixture): void {
  it('is absent at first, and so is everything else', async () => {
    expect(fixture.store.initialState().hardState).to.equal(null)
    await fixture.holds({ hardState: null })
  })

  it('keeps a vote alone', async () => {
    await fixture.store.write(write({ hardState: { term: 3, vote: 2, commit: 0 } }))
    await fixture.holds({ hardState: { term: 3, vote: 2, commit: 0 } })
  })

  it('keeps the newest of several', async () => {
    for (const [term, vote] of [
      [1, 1],
      [2, 0],
      [2, 3],
      [7, 0],
    ] as const) {
      await fixture.store.write(write({ hardState: { term, vote, commit: 0 } }))
      expect(fixture.store.initialState().hardState).to.deep.equal({ term, vote, commit: 0 })
    }
    await fixture.holds({ hardState: { term: 7, vote: 0, commit: 0 } })
  })

  it('stays when a write carries none', async () => {
    await fixture.store.write(write({ hardState: { term: 1, vote: 1, commit: 0 } }))
    await fixture.append(1, 1, 1)
    await fixture.holds({ hardState: { term: 1, vote: 1, commit: 0 }, terms: [1, 1] })
  })

  it('comes with entries in one write', async () => {
    await fixture.store.write(write({ entries: entriesFrom(1, [1, 1]), hardState: { term: 1, vote: 2, commit: 1 } }))
    await fixture.holds({ hardState: { term: 1, vote: 2, commit: 1 }, terms: [1, 1] })
  })

  it('never lets the commit index fall, while term and vote are the new ones', async () => {
    await fixture.append(1, 1, 1, 1)
    await fixture.store.write(write({ hardState: { term: 1, vote: 1, commit: 3 } }))
    await fixture.store.write(write({ hardState: { term: 2, vote: 0, commit: 1 } }))
    await fixture.holds({ hardState: { term: 2, vote: 0, commit: 3 }, terms: [1, 1, 1] })
  })

  it('may be written without a sync, and is visible at once', async () => {
    await fixture.append(1, 1)
    await fixture.store.write(write({ hardState: { term: 1, vote: 1, commit: 0 } }))
    await fixture.store.write(write({ hardState: { term: 1, vote: 1, commit: 1 }, mustSync: false }))
    await fixture.holds({ hardState: { term: 1, vote: 1, commit: 1 }, terms: [1] })
  })

  it('takes the largest numbers that there are', async () => {
    const vote = Number.MAX_SAFE_INTEGER
    await fixture.store.write(write({ hardState: { term: vote - 1, vote, commit: 0 } }))
    await fixture.holds({ hardState: { term: vote - 1, vote, commit: 0 } })
  })
}
