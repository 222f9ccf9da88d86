import { expect } from 'chai'
import { snapshotAt, write, type RaftLogFixture } from './fixture.js'

export function lifetimeTests(fixture: RaftLogFixture): void {
  it('goes on after each of many restarts', async () => {
    const terms: number[] = []
    for (let round = 1; round <= 6; round++) {
      terms.push(round, round)
      await fixture.append(terms.length - 1, round, round)
      await fixture.store.write(write({ hardState: { term: round, vote: 1, commit: terms.length - 1 } }))
      await fixture.holds({ terms, hardState: { term: round, vote: 1, commit: terms.length - 1 } })
    }
  })

  it('refuses to write after it was closed, and may be closed again', async () => {
    await fixture.append(1, 1)
    await fixture.store.close()
    for (const attempt of [fixture.store.write(write({})), fixture.store.saveSnapshot(snapshotAt(1, 1), 1)]) {
      expect(await attempt.then(() => 'written', String)).to.contain('it is closed')
    }
    await fixture.store.close()
    await fixture.restart()
    await fixture.holds({ terms: [1] })
  })

  it('finishes the write that is under way before it closes', async () => {
    const written = fixture.append(1, 1, 2, 3)
    await fixture.store.close()
    await written
    await fixture.restart()
    await fixture.holds({ terms: [1, 2, 3] })
  })
}
