import {
  applyCommand,
  decodeCommand,
  decodeState,
  EMPTY_METADATA,
  WalrusError,
  type ClusterMetadata,
  type Decoded,
} from '@walrus/core'
import { commandKey, SNAPSHOT_KEY } from './keys.js'
import { damaged, decodeRecord } from './record.js'
import type { MetadataStore } from './metadata-store.js'

/** What the files say. */
export interface Recovered {
  readonly state: ClusterMetadata
  readonly snapshot: SnapshotPosition
  /** Index of the last command; the snapshot's when the log is empty. */
  readonly lastIndex: number
  /** Bytes of the commands after the snapshot. */
  readonly logBytes: number
}

export interface SnapshotPosition {
  /** Log index of the last command in it; 0 when there is none. */
  readonly index: number
  readonly bytes: number
}

/** Reads snapshot and log, changing nothing. Throws `CORRUPT_DATA` unless every command up to the mark is there, whole. */
export async function recover(store: MetadataStore): Promise<Recovered> {
  const recovered = await replay(store, await readSnapshot(store))
  const mark = await store.mark.read()
  if (recovered.lastIndex < mark) {
    throw damaged(store.name, `its log ends at ${recovered.lastIndex}, and command ${mark} was acknowledged`)
  }
  return recovered
}

type Snapshot = Pick<Recovered, 'state' | 'snapshot'>

async function readSnapshot({ database, name }: MetadataStore): Promise<Snapshot> {
  const value = await database.get(SNAPSHOT_KEY)
  if (value === undefined) return { state: EMPTY_METADATA, snapshot: { index: 0, bytes: 0 } }
  const where = `the snapshot of ${name}`
  const { index, payload } = decodeRecord(where, value)
  const state = known(where, decodeState(payload.toString()))
  if (state.version !== index) throw damaged(where, `it has ${state.version} commands, and says ${index}`)
  return { state, snapshot: { index, bytes: value.length } }
}

async function replay({ database, name }: MetadataStore, { state, snapshot }: Snapshot): Promise<Recovered> {
  let lastIndex = snapshot.index
  let logBytes = 0
  for await (const [key, value] of database.iterator()) {
    if (key === SNAPSHOT_KEY) continue
    if (key !== commandKey(lastIndex + 1))
      throw damaged(name, `key "${key}" stands where command ${lastIndex + 1} must be`)
    state = applyRecord(`command ${lastIndex + 1} of ${name}`, lastIndex + 1, value, state)
    lastIndex += 1
    logBytes += value.length
  }
  return { state, snapshot, lastIndex, logBytes }
}

function applyRecord(where: string, index: number, value: Buffer, state: ClusterMetadata): ClusterMetadata {
  const record = decodeRecord(where, value)
  if (record.index !== index) throw damaged(where, `it says that it is command ${record.index}`)
  return applyCommand(state, known(where, decodeCommand(record.payload.toString()))).state
}

function known<Value>(where: string, decoded: Decoded<Value>): Value {
  if (!decoded.ok) throw new WalrusError(decoded.code, `Cannot read ${where}: ${decoded.fault}`)
  return decoded.value
}
