import { decodeConfChange, isConfChange } from '../core/conf-change.js'
import { type Message } from '../core/message.js'
import { RaftCore } from '../core/raft-core.js'
import { type StorageApply } from '../core/ready.js'
import {
  type ConfState,
  type Entry,
  type LogIndex,
  type NodeId,
  type ReadState,
  type Snapshot,
  type Term,
} from '../core/types.js'
import { SimulatedDisk } from './disk.js'
import { type History } from './history.js'
import { type Oracle, type Witness } from './oracle.js'
import { type Policy } from './policy.js'
import { type RandomStream } from './random.js'
import { type Sabotage } from './sabotage.js'
import { applyEntry, snapshotOfState, stateOfSnapshot, type MachineState } from './state-machine.js'

/** What a node shares with the rest of the run. */
export interface Surroundings {
  readonly random: RandomStream
  readonly policy: Policy
  readonly oracle: Oracle
  readonly history: History
  readonly sabotage: Sabotage | undefined
  /** Takes a message to another node. */
  send(message: Message): void
}

/** A member with its disk and state machine: what a driver does, one small step at a time. */
export class SimulatedNode implements Witness {
  readonly id: NodeId
  readonly disk: SimulatedDisk
  readonly #surroundings: Surroundings
  #core: RaftCore | undefined
  #machine: MachineState
  #applyQueue: StorageApply[] = []
  #reads: ReadState[] = []
  /** Index of a snapshot that the core took in and the disk does not hold yet. */
  #restoringIndex: LogIndex = 0
  isPaused = false

  constructor(id: NodeId, start: Snapshot, surroundings: Surroundings) {
    this.id = id
    this.#surroundings = surroundings
    this.disk = new SimulatedDisk(start, surroundings.sabotage)
    this.disk.snapshotToSend = () => this.#snapshotToSend()
    this.#machine = stateOfSnapshot(start)
    this.restart()
  }

  /** Undefined while the node is down. */
  get core(): RaftCore | undefined {
    return this.#core
  }

  /** Up, and not stopped for a while. */
  get isRunning(): boolean {
    return this.#core !== undefined && !this.isPaused
  }

  get hasApplyWork(): boolean {
    return this.#applyQueue.length > 0
  }

  get machine(): MachineState {
    return this.#machine
  }

  get role(): string {
    return this.#core?.role ?? 'down'
  }

  get term(): Term {
    return this.#core?.term ?? this.disk.hardState?.term ?? 0
  }

  get commitIndex(): LogIndex {
    return this.#core?.commitIndex ?? 0
  }

  termInLog(index: LogIndex): Term | undefined {
    return this.#core?.termOf(index)
  }

  holdsDurably(index: LogIndex, term: Term): boolean {
    return this.disk.storedSnapshot.index >= index || this.disk.term(index) === term
  }

  crash(): void {
    const { random, history } = this.#surroundings
    this.#core = undefined
    this.isPaused = false
    this.disk.crash(random)
    history.forget(this.id)
  }

  /** Starts from the snapshot and the log that the disk holds. */
  restart(): void {
    const { policy, random, oracle } = this.#surroundings
    this.#machine = stateOfSnapshot(this.disk.storedSnapshot)
    this.#applyQueue = []
    this.#reads = []
    this.#restoringIndex = 0
    this.#core = new RaftCore({
      ...policy.settings,
      id: this.id,
      log: this.disk,
      appliedIndex: this.#machine.index,
      random: random.integer,
    })
    oracle.restarted(this.id, this.#core.term, this.#core.commitIndex)
  }

  receive(message: Message): void {
    this.#core?.step(message)
  }

  /** Takes what the core hands out. False: nothing. */
  handleReady(): boolean {
    const core = this.#core
    if (core?.hasReady() !== true) return false
    const { messages, storageAppend, storageApply, readStates } = core.ready()
    for (const message of messages) this.#surroundings.send(message)
    if (storageAppend?.snapshot) this.#restoringIndex = storageAppend.snapshot.index
    if (storageAppend !== null) {
      this.disk.queue.push(storageAppend)
      if (this.#surroundings.sabotage === 'answers-go-before-writes') this.#deliver(storageAppend.responses)
    }
    if (storageApply !== null) this.#applyQueue.push(storageApply)
    this.#reads.push(...readStates)
    this.#serveReads()
    return true
  }

  /** The disk performs its oldest write, and what waited for that goes out. False: nothing waits. */
  finishWrite(): boolean {
    const write = this.disk.performNext()
    if (write === undefined) return false
    if (write.snapshot !== null) this.#restoreMachine(write.snapshot)
    if (this.#surroundings.sabotage !== 'answers-go-before-writes') this.#deliver(write.responses)
    return true
  }

  /** The state machine takes in what waits first. False: nothing waits. */
  finishApply(): boolean {
    const work = this.#applyQueue.shift()
    if (work === undefined) return false
    for (const entry of work.entries) this.#applyOne(entry)
    this.#serveReads()
    this.#deliver(work.responses)
    return true
  }

  /** Stores a snapshot of the state machine and cuts the log. Not while another snapshot is on its way to the disk. */
  takeSnapshot(): void {
    if (this.#core === undefined || this.#restoringIndex > this.#machine.index) return
    this.disk.storeSnapshot(snapshotOfState(this.#machine))
  }

  #applyOne(entry: Entry): void {
    const core = this.#core
    if (core === undefined) return
    const { oracle, history, sabotage } = this.#surroundings
    const isStale = entry.index <= this.#restoringIndex
    const usesIndex = sabotage !== 'stale-conf-change-is-applied' || !isStale
    let confState: ConfState = this.#machine.confState
    if (isConfChange(entry)) {
      const result = core.applyConfChange(
        usesIndex ? entry.index : this.#restoringIndex + 1,
        decodeConfChange(entry.data),
      )
      if (!isStale) confState = result
    }
    if (entry.index <= this.#machine.index) return
    oracle.applied(this.id, this.#machine, entry)
    this.#machine = applyEntry(this.#machine, entry, confState)
    if (sabotage === 'entries-are-applied-twice' && entry.index % 50 === 0) {
      this.#machine = { ...applyEntry({ ...this.#machine, index: entry.index - 1 }, entry, confState) }
    }
    if (entry.data.length >= 4 && entry.type === 'normal') {
      history.applied(this.id, new DataView(entry.data.buffer).getUint32(0), entry.index)
    }
  }

  #restoreMachine(snapshot: Snapshot): void {
    if (snapshot.index <= this.#machine.index) return
    this.#machine = stateOfSnapshot(snapshot)
    this.#surroundings.oracle.restored(this.id, this.#machine)
  }

  #deliver(responses: readonly Message[]): void {
    for (const response of responses) {
      this.#surroundings.oracle.sent(response)
      if (response.to === this.id) this.#core?.step(response)
      else this.#surroundings.send(response)
    }
  }

  #serveReads(): void {
    const applied = this.#machine.index
    this.#reads = this.#reads.filter(({ index, context }) => {
      if (index > applied) return true
      this.#surroundings.history.served(this.id, context, index, applied)
      return false
    })
  }

  #snapshotToSend(): Snapshot | undefined {
    if (this.#restoringIndex > this.#machine.index) return undefined
    if (this.#surroundings.sabotage === 'old-snapshot-for-new-members') return this.disk.storedSnapshot
    return snapshotOfState(this.#machine)
  }
}
