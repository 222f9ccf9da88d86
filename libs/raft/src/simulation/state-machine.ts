import { violated } from '../core/invariant.js'
import { type ConfState, type Entry, type LogIndex, type Snapshot, type Term } from '../core/types.js'

/** What a state machine is after some entries: comparing two of them is comparing everything that led there. */
export interface MachineState {
  readonly index: LogIndex
  readonly term: Term
  /** Hash over all entries in their order. */
  readonly hash: number
  readonly confState: ConfState
}

/** Folds an entry into the hash of those before it. */
export function foldEntry(hash: number, { index, term, data }: Entry): number {
  let folded = Math.imul(hash ^ index, 0x01000193)
  folded = Math.imul(folded ^ term, 0x01000193)
  for (const byte of data) folded = Math.imul(folded ^ byte, 0x01000193)
  return folded >>> 0
}

export function applyEntry(state: MachineState, entry: Entry, confState: ConfState): MachineState {
  if (entry.index !== state.index + 1) violated(`entry ${entry.index} was applied after ${state.index}`)
  return { index: entry.index, term: entry.term, hash: foldEntry(state.hash, entry), confState }
}

export function snapshotOfState({ index, term, hash, confState }: MachineState): Snapshot {
  const data = new Uint8Array(4)
  new DataView(data.buffer).setUint32(0, hash)
  return { index, term, confState, data }
}

export function stateOfSnapshot({ index, term, confState, data }: Snapshot): MachineState {
  const hash = data.length === 0 ? 0 : new DataView(data.buffer, data.byteOffset).getUint32(0)
  return { index, term, hash, confState }
}
