import { isConfChange, decodeConfChange } from '../core/conf-change.js'
import { type RaftConfig } from '../core/config.js'
import { MemoryLog } from '../core/memory-log.js'
import { createMessage, type Message, type MessageDraft, type MessageType } from '../core/message.js'
import { RaftCore } from '../core/raft-core.js'
import { type StepResult } from '../core/step.js'
import { type TraceEvent } from '../core/trace.js'
import {
  emptyBytes,
  emptyConfState,
  type ConfState,
  type Entry,
  type HardState,
  type LogIndex,
  type NodeId,
  type ReadState,
  type Snapshot,
  type Term,
} from '../core/types.js'

/** What a node under test starts with. */
export interface FixtureStart extends Partial<Omit<RaftConfig, 'log' | 'trace'>> {
  readonly confState?: ConfState
  readonly voters?: readonly NodeId[]
  readonly learners?: readonly NodeId[]
  /** Terms of the entries in the log, from index 1 on. */
  readonly terms?: readonly Term[]
  readonly hardState?: HardState
}

/** One node whose storage and state machine work at once, and whose messages are collected. */
export class NodeFixture {
  readonly log = new MemoryLog()
  readonly core: RaftCore
  readonly events: TraceEvent[] = []
  readonly applied: Entry[] = []
  readonly readStates: ReadState[] = []

  constructor(start: FixtureStart) {
    const confState = start.confState ?? confStateOf(start.voters ?? [1, 2, 3], start.learners ?? [])
    // A snapshot at index 0 says nothing but who takes part.
    this.log.write({ snapshot: snapshotOf(0, 0, confState), entries: [], hardState: null })
    this.log.write({ snapshot: null, entries: entriesOf(start.terms ?? []), hardState: start.hardState ?? null })
    this.core = new RaftCore({ ...quietConfig, ...start, log: this.log, trace: (event) => this.events.push(event) })
  }

  /** Steps a message to this node. */
  step(draft: MessageDraft): StepResult {
    return this.core.step(createMessage(draft))
  }

  /** Does everything that is to be done, and returns what was sent. */
  settle(): readonly Message[] {
    const sent: Message[] = []
    while (this.core.hasReady()) {
      const ready = this.core.ready()
      this.log.write(ready)
      this.readStates.push(...ready.readStates)
      sent.push(...ready.messages)
      for (const entry of ready.committedEntries) {
        this.applied.push(entry)
        if (isConfChange(entry)) this.core.applyConfChange(entry.index, decodeConfChange(entry.data))
      }
      this.core.advance()
    }
    return sent
  }

  /** Steps a message and returns what was sent because of it. */
  answerTo(draft: MessageDraft): readonly Message[] {
    this.step(draft)
    return this.settle()
  }

  /** Makes the node leader of the next term, with the votes of the other voters. What it sent is forgotten. */
  lead(): this {
    this.core.campaign()
    this.settle()
    const preVote = this.core.status().role === 'preCandidate'
    if (preVote) this.#grant('PreVoteResponse', this.core.status().term + 1)
    this.#grant('VoteResponse', this.core.status().term)
    return this
  }

  /** The entries of the leader are on every voter, so they are committed and applied. */
  acknowledgeAll(): this {
    const { lastIndex, term, confState } = this.core.status()
    for (const from of [...confState.voters, ...confState.learners]) {
      if (from !== this.core.id) this.step({ type: 'AppendResponse', from, to: this.core.id, term, index: lastIndex })
      this.settle()
    }
    return this
  }

  ticks(count: number): readonly Message[] {
    const sent: Message[] = []
    for (let done = 0; done < count; done++) {
      this.core.tick()
      sent.push(...this.settle())
    }
    return sent
  }

  hasEvent(kind: TraceEvent['kind']): boolean {
    return this.events.some((event) => event.kind === kind)
  }

  #grant(type: MessageType, term: Term): void {
    const { voters, votersOutgoing } = this.core.status().confState
    for (const from of new Set([...voters, ...votersOutgoing])) {
      if (from !== this.core.id) this.step({ type, from, to: this.core.id, term })
    }
    this.settle()
  }
}

/** Nothing but the plain protocol; a test turns on what it is about. The drawn timeout is always the longest. */
export const quietConfig = {
  id: 1,
  electionTimeoutTicks: 10,
  heartbeatTimeoutTicks: 1,
  random: (bound: number) => bound - 1,
  asyncStorageWrites: false,
  checkQuorum: false,
  preVote: false,
} as const

export function confStateOf(voters: readonly NodeId[], learners: readonly NodeId[] = []): ConfState {
  return { ...emptyConfState, voters, learners }
}

export function snapshotOf(index: LogIndex, term: Term, confState: ConfState): Snapshot {
  return { index, term, confState, data: emptyBytes }
}

/** Entries with these terms; `first` is the index of the first one. */
export function entriesOf(terms: readonly Term[], first: LogIndex = 1): Entry[] {
  return terms.map((term, at) => ({ term, index: first + at, type: 'normal', data: emptyBytes }))
}

export function ofType(messages: readonly Message[], type: MessageType): readonly Message[] {
  return messages.filter((message) => message.type === type)
}

export function bytesOf(length: number): Uint8Array {
  return new Uint8Array(length).fill(120)
}
