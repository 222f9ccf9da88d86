import type { BlockFileDirectory, Checksum, Clock, ReadLimits, StoredEntry } from '@walrus/core'
import type { EnginePlan } from '../plan/seed-plan.js'

/** What is tested, whichever way one comes in: the engine with its topics. What a surface does not have is absent. */
export interface Subject {
  topics(): readonly string[]
  /** Zeros for a topic that does not exist. */
  bounds(topic: string): TopicBounds
  /** Resolves with the offset. */
  append(topic: string, entry: Uint8Array): Promise<number>
  /** Resolves with the offset of the first entry. */
  appendBatch(topic: string, entries: readonly Uint8Array[]): Promise<number>
  read(topic: string, offset: number, limits: ReadLimits): Promise<readonly StoredEntry[]>
  sync(): Promise<void>
  close(): Promise<void>

  /** As `append`, on stable storage when it resolves, whatever the fsync schedule says. */
  readonly appendDurably?: (topic: string, entry: Uint8Array) => Promise<number>
  /** Gives up what is damaged at the end of a topic; resolves with the offset from which on it goes on. */
  readonly sealAtDamage?: (topic: string) => Promise<number | undefined>
  readonly delivery?: Delivery
  readonly cursors?: Cursors
  readonly removal?: Removal
  /** Seals the open segment and begins the next one. */
  readonly roll?: (topic: string) => Promise<void>
}

export interface TopicBounds {
  readonly startOffset: number
  readonly endOffset: number
}

/** A cursor that moves when it is read from. */
export interface Delivery {
  next(topic: string, limits: ReadLimits, checkpoint: boolean): Promise<readonly StoredEntry[]>
  /** Entries that the cursor has not passed. */
  unreadCount(topic: string): number
}

/** Cursors that move when they are told to. */
export interface Cursors {
  commit(topic: string, name: string, offset: number): Promise<void>
  /** Undefined, or the start of the topic, for a cursor that was never committed. */
  position(topic: string, name: string): number | undefined
}

/** Ways to get rid of entries. */
export interface Removal {
  /** Removes some of the oldest entries, before that offset; resolves with the topic's new start, which is durable then. */
  trim(topic: string, beforeOffset: number): Promise<number>
  /** Removes all of the topic. */
  remove(topic: string): Promise<void>
  /** False while a topic is being removed, and after that has failed. */
  usable(topic: string): boolean
}

/** What a subject is opened on. */
export interface Ground {
  readonly directory: BlockFileDirectory
  readonly clock: Clock
  readonly checksum: Checksum
  readonly engine: EnginePlan
  readonly onProblem: (error: Error) => void
}
