import { emptyConfState, type Entry, type LogStore, type LogWrite, type Snapshot } from '@walrus/raft'
import { crc32 } from 'node:zlib'

/** A number from 0 to `bound - 1`. */
export type Draw = (bound: number) => number

/** Equal seeds give equal numbers. */
export function drawFrom(seed: number): Draw {
  let count = 0
  return (bound) => crc32(`${seed} ${count++}`) % bound
}

/** One step of a workload on a log. */
export type Operation =
  | { readonly kind: 'write'; readonly write: LogWrite }
  | { readonly kind: 'save'; readonly snapshot: Snapshot; readonly compactIndex: number }

export function perform(store: LogStore, operation: Operation): Promise<void> {
  if (operation.kind === 'write') return store.write(operation.write)
  return store.saveSnapshot(operation.snapshot, operation.compactIndex)
}

/**
 * The next step on a log that holds what `store` does. Everything that Raft does to a log comes up: equal logs and draws give
 * equal steps.
 */
export function nextOperation(store: LogStore, draw: Draw): Operation {
  const kind = draw(100)
  if (kind < 55) return append(store, draw, 0)
  if (kind < 68) return append(store, draw, 1 + draw(8))
  if (kind < 80) return commit(store, draw)
  if (kind < 88) return vote(store, draw)
  if (kind < 96) return save(store, draw)
  return install(store, draw)
}

/** Everything that can be read, as a few words: two logs with the same are the same. */
export async function describeLog(store: LogStore): Promise<string> {
  const [first, last] = [store.firstIndex(), store.lastIndex()]
  const entries = first > last ? [] : (store.entries(first, last + 1, Infinity) ?? [])
  let digest = 0
  for (const { index, term, type, data } of entries) {
    digest = crc32(`${index} ${term} ${store.term(index)} ${type}`, digest)
    digest = crc32(data, digest)
  }
  const snapshot = await store.loadSnapshot()
  return JSON.stringify({
    range: [first, last, store.term(first - 1)],
    digest,
    ...store.initialState(),
    snapshot: snapshot && { ...snapshot, data: crc32(snapshot.data) },
  })
}

function append(store: LogStore, draw: Draw, replaced: number): Operation {
  const { term, commit } = hardStateOf(store)
  const nextTerm = replaced > 0 ? term + 1 : Math.max(1, term)
  const from = Math.max(commit + 1, store.lastIndex() + 1 - replaced)
  const entries: Entry[] = Array.from({ length: 1 + draw(5) }, (_, at) => ({
    index: from + at,
    term: nextTerm,
    type: draw(20) === 0 ? 'confChangeV2' : 'normal',
    data: bytes(draw, draw(draw(30) === 0 ? 5_000 : 60)),
  }))
  return write({ entries, hardState: { term: nextTerm, vote: draw(4), commit } })
}

function commit(store: LogStore, draw: Draw): Operation {
  const { term, vote, commit: before } = hardStateOf(store)
  const index = before + draw(store.lastIndex() - before + 1)
  return write({ hardState: { term, vote, commit: index }, mustSync: draw(3) === 0 })
}

function vote(store: LogStore, draw: Draw): Operation {
  const { term, commit: index } = hardStateOf(store)
  return write({ hardState: { term: term + 1, vote: 1 + draw(5), commit: index } })
}

function save(store: LogStore, draw: Draw): Operation {
  const index = hardStateOf(store).commit
  const term = store.term(index) ?? 0
  if (index === 0) return append(store, draw, 0)
  return { kind: 'save', snapshot: snapshotOf(index, term, draw), compactIndex: index - draw(6) }
}

function install(store: LogStore, draw: Draw): Operation {
  const { term } = hardStateOf(store)
  const index = store.lastIndex() + 1 + draw(10)
  const snapshot = snapshotOf(index, term + 1, draw)
  const entries: Entry[] = Array.from({ length: draw(3) }, (_, at) => ({
    index: index + 1 + at,
    term: term + 1,
    type: 'normal',
    data: bytes(draw, 20),
  }))
  return write({ snapshot, entries, hardState: { term: term + 1, vote: 0, commit: index } })
}

function hardStateOf(store: LogStore): { term: number; vote: number; commit: number } {
  return store.initialState().hardState ?? { term: 0, vote: 0, commit: 0 }
}

function snapshotOf(index: number, term: number, draw: Draw): Snapshot {
  const confState = { ...emptyConfState, voters: [1, 2 + draw(7)] }
  return { index, term, confState, data: bytes(draw, draw(300)) }
}

function write(parts: Partial<LogWrite>): Operation {
  return { kind: 'write', write: { snapshot: null, entries: [], hardState: null, mustSync: true, ...parts } }
}

function bytes(draw: Draw, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => draw(256))
}
