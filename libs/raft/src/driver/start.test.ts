import { expect } from 'chai'
import { emptyConfState, type EntryId, type Snapshot } from '../core/types.js'
import { MemoryLogStore } from '../memory-log-store.js'
import { ListMachine, bytesOf } from '../testing/list-machine.js'
import { raftFailure } from '../testing/raft-failure.js'
import { recoverMachine } from './start.js'

const bootstrap = { ...emptyConfState, voters: [1] }

describe('start', () => {
  it('founds a group once, and never again', async () => {
    const store = new MemoryLogStore()
    const machine = await recoverMachine({ id: 1, store, stateMachine: new ListMachine(), bootstrap })
    expect([machine.appliedIndex, machine.confState.voters]).to.deep.equal([1, [1]])
    const others = { ...bootstrap, voters: [1, 2, 3] }
    const again = await recoverMachine({ id: 1, store, stateMachine: new ListMachine(), bootstrap: others })
    expect(again.confState.voters).to.deep.equal([1])
  })

  it('waits with an empty store for a group that adds it', async () => {
    const store = new MemoryLogStore()
    const machine = await recoverMachine({ id: 1, store, stateMachine: new ListMachine() })
    expect([machine.appliedIndex, machine.confState]).to.deep.equal([0, emptyConfState])
  })

  const snapshot: Snapshot = { index: 5, term: 2, confState: bootstrap, data: bytesOf('a') }
  const cases: readonly (readonly [what: string, Partial<MemoryLogStore>, message: string])[] = [
    ['a snapshot that is missing', { loadSnapshot: async () => null }, 'its snapshot is 2/5, found is 0/0'],
    [
      'another snapshot',
      { loadSnapshot: async () => ({ ...snapshot, index: 4 }) },
      'its snapshot is 2/5, found is 2/4',
    ],
    ['a hole after the snapshot', { firstIndex: () => 7 }, 'the log begins at 7, and the snapshot ends at 5'],
  ]
  for (const [what, parts, message] of cases) {
    it(`refuses ${what}`, async () => {
      const store = Object.assign(new StoreWith(snapshot), parts)
      const error = await raftFailure(recoverMachine({ id: 1, store, stateMachine: new ListMachine() }))
      expect(error.code).to.equal('RAFT_CORRUPT_STATE')
      expect(error.message)
        .to.match(/^Cannot start node 1: /)
        .and.contain(message)
    })
  }
})

class StoreWith extends MemoryLogStore {
  readonly #snapshot: Snapshot

  constructor(snapshot: Snapshot) {
    super()
    this.#snapshot = snapshot
  }

  override firstIndex(): number {
    return 6
  }

  override snapshotId(): EntryId {
    return { index: this.#snapshot.index, term: this.#snapshot.term }
  }

  override async loadSnapshot(): Promise<Snapshot | null> {
    return this.#snapshot
  }
}
