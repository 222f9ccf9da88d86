import { expect } from 'chai'
import { entriesFrom, write, type RaftLogFixture } from './fixture.js'

export function truncationTests(fixture: RaftLogFixture): void {
  const cases: readonly (readonly [what: string, from: number, terms: readonly number[], left: readonly number[]])[] = [
    ['replaces the last entry', 5, [2], [1, 1, 1, 1, 2]],
    ['replaces the end by fewer entries', 3, [2], [1, 1, 2]],
    ['replaces the end by as many entries', 4, [2, 2], [1, 1, 1, 2, 2]],
    ['replaces the end by more entries', 4, [2, 2, 3, 3], [1, 1, 1, 2, 2, 3, 3]],
    ['replaces the whole log', 1, [4], [4]],
    ['replaces the whole log by a longer one', 1, [2, 3, 4, 5, 6, 7], [2, 3, 4, 5, 6, 7]],
    ['cuts the end even when what is written was there already', 2, [1, 1], [1, 1, 1]],
  ]
  for (const [what, from, terms, left] of cases) {
    it(what, async () => {
      await fixture.append(1, 1, 1, 1, 1, 1)
      await fixture.append(from, ...terms)
      await fixture.holds({ terms: left })
    })
  }

  it('goes back and forth', async () => {
    for (let term = 1; term <= 30; term++) await fixture.append(1 + ((term - 1) % 4), term, term, term)
    // Each round leaves what stands before where it began.
    await fixture.holds({ terms: [29, 30, 30, 30] })
  })

  it('of a long end leaves nothing of it', async () => {
    await fixture.append(1, ...Array.from({ length: 2_000 }, () => 1))
    await fixture.append(10, 2)
    await fixture.holds({ terms: [1, 1, 1, 1, 1, 1, 1, 1, 1, 2] })
    await fixture.append(11, 3)
    expect(fixture.store.lastIndex()).to.equal(11)
  })

  it('comes with a hard state in one write', async () => {
    await fixture.append(1, 1, 1, 1)
    await fixture.store.write(write({ entries: entriesFrom(2, [2]), hardState: { term: 2, vote: 3, commit: 1 } }))
    await fixture.holds({ terms: [1, 2], hardState: { term: 2, vote: 3, commit: 1 } })
  })
}
