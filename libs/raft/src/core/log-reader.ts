import { type ConfState, type Entry, type HardState, type LogIndex, type Snapshot, type Term } from './types.js'

/** What a node finds when it starts. */
export interface InitialState {
  /** The newest durable hard state, or null on a node that never had one. */
  readonly hardState: HardState | null
  /** The membership as of the snapshot that the log starts with (or as of the applied index, if the application keeps it). */
  readonly confState: ConfState
}

/**
 * The stable part of the log, as the core reads it. It must answer at once: keep terms and recent entries in memory.
 *
 * The answers reflect every append whose response was handed to `step` (or, without asynchronous writes, that was made
 * before `advance`), and may reflect later ones. Nothing here is changed by the core.
 */
export interface LogReader {
  /** Called once, at the start. */
  initialState(): InitialState

  /** Index of the first entry that can be read; one after the snapshot. 1 for a log that was never compacted. */
  firstIndex(): LogIndex

  /** Index of the last entry; `firstIndex() - 1` when there is none. */
  lastIndex(): LogIndex

  /** Term of the entry at `index`, known from `firstIndex() - 1` to `lastIndex()`; undefined outside of that. */
  term(index: LogIndex): Term | undefined

  /**
   * The entries from `low` up to, but not including, `high`: all, or as many as fit in `bytesMax`, but at least one.
   * Undefined when `low` was compacted. The caller does not change the array and may keep it.
   */
  entries(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | undefined

  /**
   * A snapshot of the applied state, at or after `firstIndex() - 1`; undefined when none is at hand just now, then the
   * core asks again later. It must contain the membership change that added the member which it is sent to.
   */
  snapshot(): Snapshot | undefined
}
