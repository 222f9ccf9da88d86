import type { ConsensusStatus } from '@walrus/core'
import type { Latency } from '../bench/benchmark.js'

/** How a member process is started. */
export interface MemberOptions {
  readonly id: number
  readonly directory: string
  /** Of its peer listener on loopback; 0: any. */
  readonly port: number
  /** host:port of members; empty: it begins a cluster. */
  readonly join: readonly string[]
  /** A snapshot is taken when so many bytes were applied since the last one, and no less than that one has. */
  readonly snapshotLogBytesMin?: number
  /** Entries that stay before a snapshot. */
  readonly trailingEntryCount?: number
}

/** What the parent asks for; each is answered by a `MemberAnswer` with its id. */
export type MemberRequest =
  | { readonly id: number; readonly do: 'propose'; readonly load: Load }
  | { readonly id: number; readonly do: 'look' }
  | { readonly id: number; readonly do: 'stop' }

/** Commands that are proposed, so many under way at once; each sets a number that grows, of one of the load's topics. */
export interface Load {
  readonly count: number
  readonly width: number
  /** Names the topics of this load: nobody else writes them. */
  readonly name: string
  /** What the numbers begin at. */
  readonly from: number
}

/** What came of a load. */
export interface LoadReport {
  /** Commands whose result came. */
  readonly applied: number
  /** Commands that certainly were not applied. */
  readonly refused: number
  /** Commands of which nobody knows. */
  readonly unknown: number
  readonly perSecond: number
  readonly latency: Latency
  /** The largest number of each topic whose result came. */
  readonly newest: Readonly<Record<string, number>>
}

/** What a member holds, after a read from a majority. */
export interface MemberView {
  /** Of the whole metadata: equal states have equal digests. */
  readonly digest: string
  readonly version: number
  /** The number of each topic. */
  readonly numbers: Readonly<Record<string, number>>
  readonly status: Pick<
    ConsensusStatus,
    'id' | 'role' | 'term' | 'leader' | 'lastAppliedIndex' | 'snapshotIndex' | 'purgedIndex' | 'voterConfigurations'
  >
}

export type MemberAnswer =
  | { readonly ready: string }
  | { readonly id: number; readonly value: LoadReport | MemberView | null }
  | { readonly id: number; readonly error: string }
