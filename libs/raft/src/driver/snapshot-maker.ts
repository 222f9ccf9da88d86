import { type Snapshot } from '../core/types.js'
import { type RaftClock } from '../ports/clock.js'

/** A snapshot whose bytes are still to be made. */
export interface SnapshotDraft extends Omit<Snapshot, 'data'> {
  readonly pieces: Iterable<Uint8Array>
}

/** What is to have snapshots; `Machine` is. */
export interface SnapshotSource {
  readonly bytesSinceSnapshot: number
  /** Of the snapshot before. */
  readonly snapshotBytes: number
  readonly isRestoring: boolean
  snapshotToSave(): SnapshotDraft
  takeWanted(): SnapshotDraft | undefined
  /** False: it is of no use any more. */
  adopt(snapshot: Snapshot): boolean
}

export interface SnapshotMakerOptions {
  readonly clock: RaftClock
  readonly machine: SnapshotSource
  /** What is applied between two snapshots that are saved, at least. */
  readonly logBytesMin: number
  /** Runs the task unless the node has stopped, and sees to what it throws. */
  readonly guarded: (task: () => void) => void
  /** Writes it to the disk; the owner tells when that is done. */
  readonly save: (snapshot: Snapshot) => void
}

/**
 * Makes snapshots, to be saved or for somebody who needs one: one at a time, and a piece of it in each turn of the event loop. So
 * heartbeats and everything else get their turns in between, however large the state is.
 */
export class SnapshotMaker {
  readonly #options: SnapshotMakerOptions
  #isMaking = false
  #isSaving = false

  constructor(options: SnapshotMakerOptions) {
    this.#options = options
  }

  makeIfNeeded(): void {
    if (this.#isMaking) return
    const { machine, save } = this.#options
    if (this.#isDue()) {
      this.#isSaving = true
      return this.#make(machine.snapshotToSave(), (isOfUse, snapshot) => (isOfUse ? save(snapshot) : this.saved()))
    }
    const wanted = machine.takeWanted()
    if (wanted !== undefined) this.#make(wanted, () => undefined)
  }

  saved(): void {
    this.#isSaving = false
  }

  /** When as much was applied as the snapshot before has: so each byte is written about twice, however large the state. */
  #isDue(): boolean {
    const { machine, logBytesMin } = this.#options
    if (this.#isSaving || machine.isRestoring) return false
    return machine.bytesSinceSnapshot >= Math.max(logBytesMin, machine.snapshotBytes)
  }

  #make({ pieces, ...place }: SnapshotDraft, made: (isOfUse: boolean, snapshot: Snapshot) => void): void {
    this.#isMaking = true
    const rest = pieces[Symbol.iterator]()
    const bytes: Uint8Array[] = []
    const next = (): void => {
      const piece = rest.next()
      if (piece.done !== true) {
        bytes.push(piece.value)
        return this.#later(next)
      }
      this.#isMaking = false
      const snapshot = { ...place, data: joined(bytes) }
      made(this.#options.machine.adopt(snapshot), snapshot)
    }
    this.#later(next)
  }

  #later(task: () => void): void {
    const { clock, guarded } = this.#options
    clock.defer(() => guarded(task))
  }
}

/** All pieces in a row. */
export function joined(pieces: Iterable<Uint8Array>): Uint8Array {
  const all = [...pieces]
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of all) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}
