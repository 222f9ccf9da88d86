import { decodeConfChange, isConfChange } from '../../core/conf-change.js'
import { type RaftConfig } from '../../core/config.js'
import { type Message } from '../../core/message.js'
import { RaftCore } from '../../core/raft-core.js'
import { type Ready, type StorageAppend, type StorageApply } from '../../core/ready.js'
import { emptyBytes, type Entry, type NodeId } from '../../core/types.js'
import { type ScenarioLog } from './scenario-log.js'

/** What `add-nodes` sets; the rest is the same for all nodes of all scenarios. */
export type NodeOptions = Partial<Omit<RaftConfig, 'id' | 'log' | 'trace'>>

/** A member with its log, its state machine (it strings payloads together), and the work of its storage threads. */
export class ScenarioNode {
  readonly id: NodeId
  readonly log: ScenarioLog
  readonly appendWork: StorageAppend[] = []
  readonly applyWork: StorageApply[] = []
  readonly #config: RaftConfig
  #core: RaftCore

  constructor(config: RaftConfig & { readonly log: ScenarioLog }) {
    this.id = config.id
    this.log = config.log
    this.#config = config
    this.#core = new RaftCore(config)
  }

  get core(): RaftCore {
    return this.#core
  }

  get config(): RaftConfig {
    return this.#config
  }

  get isAsynchronous(): boolean {
    return this.#config.asyncStorageWrites === true
  }

  /** Loses everything that is not stored, and starts again with what the state machine had applied. */
  restart(): void {
    this.appendWork.length = 0
    this.applyWork.length = 0
    this.log.startOver()
    this.#core = new RaftCore({ ...this.#config, appliedIndex: this.log.newestState().index })
  }

  /** Does what a `Ready` asks for, or queues it. Returns the messages that leave. */
  handle(ready: Ready): readonly Message[] {
    if (this.isAsynchronous) {
      if (ready.storageAppend !== null) this.appendWork.push(ready.storageAppend)
      if (ready.storageApply !== null) this.applyWork.push(ready.storageApply)
      return ready.messages
    }
    this.log.write(ready)
    this.apply(ready.committedEntries)
    return ready.messages
  }

  apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const last = this.log.newestState()
      const isChange = isConfChange(entry)
      const confState = isChange
        ? this.#core.applyConfChange(entry.index, decodeConfChange(entry.data))
        : last.confState
      const added = isChange ? emptyBytes : entry.data
      const data = new Uint8Array([...last.data, ...added])
      this.log.history.push({ index: entry.index, term: entry.term, confState, data })
    }
  }
}
