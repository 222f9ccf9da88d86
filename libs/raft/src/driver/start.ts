import { RaftError } from '../core/errors.js'
import { type ConfState, type Snapshot } from '../core/types.js'
import { type LogStore } from '../ports/log-store.js'
import { type StateMachine } from '../ports/state-machine.js'
import { Machine } from './machine.js'
import { joined } from './snapshot-maker.js'

interface Origin<Result> {
  readonly id: number
  readonly store: LogStore
  readonly stateMachine: StateMachine<Result>
  readonly bootstrap?: ConfState
}

/**
 * The state machine as of the newest snapshot; the core hands out what was committed after it. Founds the group first, when
 * the store is empty and `bootstrap` says with whom. Throws `RaftError` with code `RAFT_CORRUPT_STATE`.
 */
export async function recoverMachine<Result>(origin: Origin<Result>): Promise<Machine<Result>> {
  const { store, stateMachine, bootstrap } = origin
  if (bootstrap !== undefined && isEmpty(store)) await found(store, bootstrap, joined(stateMachine.snapshot()))
  const snapshot = await loadSnapshot(origin)
  const machine = new Machine(stateMachine, store.initialState().confState)
  if (snapshot !== null) machine.restore(snapshot)
  return machine
}

function isEmpty(store: LogStore): boolean {
  return store.lastIndex() === 0 && store.initialState().hardState === null
}

/** A group begins with a snapshot at 1/1 that names its members: nobody needs to replay how they came together. */
async function found(store: LogStore, confState: ConfState, data: Uint8Array): Promise<void> {
  await store.write({
    snapshot: { index: 1, term: 1, confState, data },
    entries: [],
    hardState: { term: 1, vote: 0, commit: 1 },
    mustSync: true,
  })
}

async function loadSnapshot<Result>({ id, store }: Origin<Result>): Promise<Snapshot | null> {
  const snapshot = await store.loadSnapshot()
  const { index, term } = store.snapshotId()
  const found = snapshot ?? { index: 0, term: 0 }
  if (found.index !== index || found.term !== term) {
    throw corrupt(id, `the log says that its snapshot is ${term}/${index}, found is ${found.term}/${found.index}`)
  }
  if (index < store.firstIndex() - 1) {
    throw corrupt(id, `the log begins at ${store.firstIndex()}, and the snapshot ends at ${index}`)
  }
  return snapshot
}

function corrupt(id: number, reason: string): RaftError {
  return new RaftError('RAFT_CORRUPT_STATE', `Cannot start node ${id}: ${reason}`)
}
