import { WalrusError, type ReadLimits } from '@walrus/core'
import type { ReadConsistency } from './consistency.js'
import type { LogStorageOptions } from './log/segment-store.js'
import { checkRetention, type RetentionPolicy } from './retention.js'

/** How an instance behaves; what it stands on (directory, clock, checksum) comes from an adapter. */
export interface WalrusOptions extends LogStorageOptions {
  /** Of the shared cursors, and of named ones unless they are opened otherwise; default: StrictlyAtOnce. */
  readonly consistency?: ReadConsistency
  /** A segment of this size is sealed and the next one opened; default 64 MiB. */
  readonly segmentBytesMax?: number
  /** What topics keep, one policy for all or one for each; default: everything. */
  readonly retention?: RetentionPolicy | ((topic: string) => RetentionPolicy)
  /** How often retention is enforced; default 10,000. */
  readonly retentionCheckMs?: number
}

/** How one append is acknowledged. */
export interface AppendOptions {
  /** Resolve when the entry is on stable storage, whatever the fsync schedule says. */
  readonly durable?: boolean
}

/** Which entries a batch read returns: payload bytes, at least one entry, at most 2,000. */
export interface BatchReadOptions {
  /** Default 1 MiB. */
  readonly maxBytes?: number
  /** Default and most: 2,000. */
  readonly maxEntries?: number
}

/** Whether a read consumes. */
export interface CheckpointOptions {
  /** Default true; false looks without moving the cursor. */
  readonly checkpoint?: boolean
}

/** Most entries of one appended or read batch, as the original's. */
export const BATCH_ENTRIES_MAX = 2000

const READ_BYTES_MAX = 1024 * 1024

/** The options with defaults. Throws `INVALID_ARGUMENT` for one that could not work. */
export function resolveOptions(options: WalrusOptions): ResolvedOptions {
  const { retention = {}, segmentBytesMax = 64 * READ_BYTES_MAX, retentionCheckMs = 10_000 } = options
  return {
    consistency: checkedConsistency(options.consistency ?? { kind: 'StrictlyAtOnce' }),
    segmentBytesMax: positive(segmentBytesMax, 'roll segments at bytes'),
    retentionCheckMs: positive(retentionCheckMs, 'enforce retention every milliseconds'),
    retentionOf: typeof retention === 'function' ? (topic) => checkRetention(retention(topic)) : always(retention),
    hasRetention: options.retention !== undefined,
    onProblem: options.onProblem ?? (() => undefined),
  }
}

export interface ResolvedOptions {
  readonly consistency: ReadConsistency
  readonly segmentBytesMax: number
  readonly retentionCheckMs: number
  readonly retentionOf: (topic: string) => RetentionPolicy
  readonly hasRetention: boolean
  readonly onProblem: (error: Error) => void
}

/** The limits of a batch read. Throws `INVALID_ARGUMENT` for what is no limit. */
export function limitsOf({ maxEntries = BATCH_ENTRIES_MAX, maxBytes = READ_BYTES_MAX }: BatchReadOptions): ReadLimits {
  if (maxEntries >= 0 && maxBytes >= 0) return { maxEntries: Math.min(maxEntries, BATCH_ENTRIES_MAX), maxBytes }
  const what = `Cannot read ${maxEntries} entries and ${maxBytes} bytes at most`
  throw new WalrusError('INVALID_ARGUMENT', `${what}: a limit is a number from 0`)
}

/** Throws `INVALID_ARGUMENT` for a bound that never or always persists; 0 behaves as 1. */
export function checkedConsistency(consistency: ReadConsistency): ReadConsistency {
  if (consistency.kind === 'StrictlyAtOnce') return consistency
  const { persistEvery } = consistency
  if (!Number.isInteger(persistEvery) || persistEvery < 0) {
    const what = `Cannot persist cursors every ${persistEvery} entries`
    throw new WalrusError('INVALID_ARGUMENT', `${what}: not a whole number from 0`)
  }
  return { kind: 'AtLeastOnce', persistEvery: Math.max(1, persistEvery) }
}

function always(policy: RetentionPolicy): () => RetentionPolicy {
  checkRetention(policy)
  return () => policy
}

function positive(value: number, what: string): number {
  if (value > 0) return value
  throw new WalrusError('INVALID_ARGUMENT', `Cannot ${what} ${value}: not a number above 0`)
}
