import { present } from './invariant.js'
import { emptyBytes, type Entry } from './types.js'

/** What an entry costs beside its payload: term, index, type and length. An upper bound for the codecs in use. */
export const entryOverheadBytes = 24

/** Size of an entry in messages and on disk, as all limits of bytes see it. */
export function entryBytes(entry: Entry): number {
  return entry.data.length + entryOverheadBytes
}

export function entriesBytes(entries: readonly Entry[]): number {
  let bytes = 0
  for (const entry of entries) bytes += entryBytes(entry)
  return bytes
}

/** Payload only: an entry without data weighs nothing, so the bound on uncommitted bytes can never refuse it. */
export function payloadBytes(entries: readonly Entry[]): number {
  let bytes = 0
  for (const entry of entries) bytes += entry.data.length
  return bytes
}

/** The longest prefix within `bytesMax`, but never less than one entry: an entry above the limit must still travel. */
export function limitEntries(entries: readonly Entry[], bytesMax: number): readonly Entry[] {
  let bytes = 0
  for (let at = 0; at < entries.length; at++) {
    bytes += entryBytes(entryAt(entries, at))
    if (bytes > bytesMax && at > 0) return entries.slice(0, at)
  }
  return entries
}

export function entryAt(entries: readonly Entry[], at: number): Entry {
  return present(entries[at], 'entry')
}

export function lastEntry(entries: readonly Entry[]): Entry {
  return entryAt(entries, entries.length - 1)
}

/** An entry as it is proposed: its place in the log is not known yet. */
export type ProposedEntry = Pick<Entry, 'type' | 'data'>

export const emptyProposal: ProposedEntry = { type: 'normal', data: emptyBytes }
