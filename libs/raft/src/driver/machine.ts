import { decodeConfChange, type ConfChange } from '../core/conf-change.js'
import { entryBytes } from '../core/entry.js'
import { RaftError } from '../core/errors.js'
import { type ConfState, type Entry, type EntryId, type LogIndex, type Snapshot } from '../core/types.js'
import { type StateMachine } from '../ports/state-machine.js'
import { commandOf } from './proposal-envelope.js'
import { type SnapshotDraft } from './snapshot-maker.js'

/** The state machine together with the place in the log that it has reached, and who took part there. */
export class Machine<Result> {
  readonly #stateMachine: StateMachine<Result>
  #applied: EntryId = { term: 0, index: 0 }
  #confState: ConfState
  /** The newest snapshot that was made or restored. */
  #snapshot: Snapshot | undefined
  /** Index of a snapshot that the core took in and that is not restored yet. */
  #restoringIndex: LogIndex = 0
  #bytesSinceSnapshot = 0
  #isChangingMembership = false
  #isWanted = false
  #membershipEntry: EntryId | null = null

  constructor(stateMachine: StateMachine<Result>, confState: ConfState) {
    this.#stateMachine = stateMachine
    this.#confState = confState
  }

  get appliedIndex(): LogIndex {
    return this.#applied.index
  }

  get applied(): EntryId {
    return this.#applied
  }

  /** The entry that changed the membership last, as far as it was applied since the start. */
  get membershipEntry(): EntryId | null {
    return this.#membershipEntry
  }

  get confState(): ConfState {
    return this.#confState
  }

  /** Of entries that were applied after the newest snapshot. */
  get bytesSinceSnapshot(): number {
    return this.#bytesSinceSnapshot
  }

  get snapshotBytes(): number {
    return this.#snapshot?.data.length ?? 0
  }

  /** Takes in the next entry, which changes no membership. Undefined: it carries no command. */
  apply(entry: Entry): { readonly result: Result } | undefined {
    this.#applied = { term: entry.term, index: entry.index }
    this.#bytesSinceSnapshot += entryBytes(entry)
    const command = commandOf(entry.data)
    return command === undefined ? undefined : { result: this.#stateMachine.apply(command, entry.index) }
  }

  /**
   * Takes in the next entry, which is a membership change that `change` makes effective. Meanwhile there is no snapshot to send:
   * one with the entry's index and the membership before it would be believed for ever.
   */
  changeMembership(
    { term, index, data }: Entry,
    change: (index: LogIndex, change: ConfChange) => ConfState,
  ): ConfState {
    this.#isChangingMembership = true
    const confState = change(index, decodeConfChange(data))
    this.#isChangingMembership = false
    this.#membershipEntry = { term, index }
    this.#applied = { term, index }
    this.#confState = confState
    return confState
  }

  /** A snapshot is on its way to the disk: until `restore` this state is of the past, and no snapshot of it is made. */
  expectRestore({ index }: Snapshot): void {
    this.#restoringIndex = index
  }

  get isRestoring(): boolean {
    return this.#restoringIndex > this.#applied.index
  }

  /** Throws `RaftError` with code `RAFT_CORRUPT_STATE` when the state machine does not take it. */
  restore(snapshot: Snapshot): void {
    const { index, term, confState, data } = snapshot
    try {
      this.#stateMachine.restore(data)
    } catch (error) {
      const message = `Cannot restore the snapshot at ${index}: ${reasonOf(error)}`
      throw new RaftError('RAFT_CORRUPT_STATE', message, { cause: error })
    }
    this.#applied = { term, index }
    this.#confState = confState
    this.#membershipEntry = null
    this.#snapshot = snapshot
    this.#bytesSinceSnapshot = 0
  }

  /** The state as it is now, to be written to the disk: what is applied from now on counts for the next one. */
  snapshotToSave(): SnapshotDraft {
    this.#bytesSinceSnapshot = 0
    return this.#draft()
  }

  /** Somebody needs a snapshot, and there was none that serves: the state as it is now. */
  takeWanted(): SnapshotDraft | undefined {
    if (!this.#isWanted || this.isRestoring) return undefined
    this.#isWanted = false
    return this.#draft()
  }

  /** The bytes of a draft are complete. False: it is of no use any more, because a newer one came from elsewhere. */
  adopt(snapshot: Snapshot): boolean {
    if (this.isRestoring || snapshot.index < (this.#snapshot?.index ?? 0)) return false
    this.#snapshot = snapshot
    return true
  }

  /**
   * A snapshot for a member that needs one; undefined while there is none: then one is wanted. One that was made before serves as
   * long as the log goes on after it and the membership is the same: a member must not be given one from before it was added.
   */
  snapshotToSend(firstIndex: LogIndex): Snapshot | undefined {
    if (this.isRestoring || this.#isChangingMembership || this.#applied.index === 0) return undefined
    const known = this.#snapshot
    if (known !== undefined && known.index >= firstIndex - 1 && known.confState === this.#confState) return known
    this.#isWanted = true
    return undefined
  }

  #draft(): SnapshotDraft {
    return { ...this.#applied, confState: this.#confState, pieces: this.#stateMachine.snapshot() }
  }
}

/** The reason in words of whatever was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
