import { expect } from 'chai'
import { entriesFrom, plain, snapshotAt, write, type RaftLogFixture } from './fixture.js'

export function compactionTests(fixture: RaftLogFixture): void {
  beforeEach(async () => {
    await fixture.append(1, 1, 1, 2, 2, 3, 3)
    await fixture.store.write(write({ hardState: { term: 3, vote: 1, commit: 5 } }))
  })

  it('keep all entries when nothing is compacted', async () => {
    await fixture.store.saveSnapshot(snapshotAt(4, 2), 0)
    await fixture.holds({ terms: [1, 1, 2, 2, 3, 3], snapshot: [4, 2], hardState: { term: 3, vote: 1, commit: 5 } })
  })

  it('keep some entries before the snapshot', async () => {
    await fixture.store.saveSnapshot(snapshotAt(4, 2), 2)
    await fixture.holds({ base: [2, 1], terms: [2, 2, 3, 3], snapshot: [4, 2] })
  })

  it('keep the entries after the snapshot', async () => {
    await fixture.store.saveSnapshot(snapshotAt(5, 3), 5)
    await fixture.holds({ base: [5, 3], terms: [3], snapshot: [5, 3] })
  })

  it('may leave no entry at all', async () => {
    await fixture.store.write(write({ hardState: { term: 3, vote: 1, commit: 6 } }))
    await fixture.store.saveSnapshot(snapshotAt(6, 3), 6)
    await fixture.holds({ base: [6, 3], snapshot: [6, 3] })
    await fixture.append(7, 3, 3)
    await fixture.holds({ base: [6, 3], terms: [3, 3], snapshot: [6, 3] })
  })

  it('follow one another', async () => {
    await fixture.store.saveSnapshot(snapshotAt(3, 2), 1)
    await fixture.store.saveSnapshot(snapshotAt(4, 2), 3)
    await fixture.append(7, 3, 3)
    await fixture.store.write(write({ hardState: { term: 3, vote: 1, commit: 8 } }))
    await fixture.store.saveSnapshot(snapshotAt(8, 3), 6)
    await fixture.holds({ base: [6, 3], terms: [3, 3], snapshot: [8, 3] })
  })

  it('change nothing when they are not newer', async () => {
    await fixture.store.saveSnapshot(snapshotAt(4, 2), 2)
    await fixture.store.saveSnapshot(snapshotAt(4, 2), 4)
    await fixture.store.saveSnapshot(snapshotAt(3, 2), 3)
    await fixture.holds({ base: [2, 1], terms: [2, 2, 3, 3], snapshot: [4, 2] })
  })

  it('never bring compacted entries back', async () => {
    await fixture.store.saveSnapshot(snapshotAt(4, 2), 4)
    await fixture.store.saveSnapshot(snapshotAt(5, 3), 1)
    await fixture.holds({ base: [4, 2], terms: [3, 3], snapshot: [5, 3] })
  })

  it('make the compacted entries unreadable, and no others', async () => {
    await fixture.store.saveSnapshot(snapshotAt(4, 2), 3)
    expect(fixture.store.entries(3, 5, Infinity)).to.equal(undefined)
    expect(plain(fixture.store.entries(4, 7, Infinity))).to.deep.equal(plain(entriesFrom(4, [2, 3, 3])))
  })

  it('leave a log that can be truncated right after them', async () => {
    await fixture.store.saveSnapshot(snapshotAt(4, 2), 4)
    await fixture.store.write(write({ entries: entriesFrom(5, [4]), hardState: { term: 4, vote: 0, commit: 4 } }))
    await fixture.holds({ base: [4, 2], terms: [4], snapshot: [4, 2] })
  })

  it('are replaced by a received one', async () => {
    await fixture.store.saveSnapshot(snapshotAt(4, 2), 2)
    await fixture.store.write(write({ snapshot: snapshotAt(30, 7), hardState: { term: 7, vote: 0, commit: 30 } }))
    await fixture.holds({ base: [30, 7], snapshot: [30, 7], hardState: { term: 7, vote: 0, commit: 30 } })
  })
}
