import type { AckPolicy } from '@walrus/core'

/** How large the world of one exploration is. Every number bounds it; faults are what may go wrong in one history. */
export interface Configuration {
  readonly name: string
  readonly says: string
  readonly nodes: number
  readonly topics: number
  readonly replicationFactor: number
  readonly ack: AckPolicy
  readonly segmentEntriesMax: number
  /** Producers write side by side, each its own entries one after the other. */
  readonly producers: number
  readonly entriesPerProducer: number
  /** Clients that take the next entry at the shared cursor. */
  readonly readers: boolean
  readonly faults: Faults
  /** Whether nodes complete the copies of sealed segments that they have in part. */
  readonly repairs: boolean
  /** Stretches that may be under way between nodes, overtaking each other; with 0 they arrive when they are sent. */
  readonly stretchesInFlight: number
  /** A replica has what it took on stable storage at some later moment, and not at once. */
  readonly replicasDelay: boolean
}

/** What may go wrong in one history, how often. */
export interface Faults {
  /** Nodes that die, with what was not durable; they may come back. */
  readonly crashes: number
  /** Leaders that nobody hears for longer than their lease. */
  readonly silences: number
  /** Disks that refuse a commit. */
  readonly refusals: number
  /** Seals that are proposed again because no answer came. */
  readonly repeats: number
  /** Second coordinators that fence a segment which another one recovers. */
  readonly takeovers: number
  /** Segments that their leader ends before they are full: because it leaves, or an operator wants it. */
  readonly handovers: number
}

/** Entries that the clients of one topic write. */
export function entriesPerTopic(configuration: Configuration): number {
  return configuration.producers * configuration.entriesPerProducer
}
