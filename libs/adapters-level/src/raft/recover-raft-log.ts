import type { Snapshot } from '@walrus/raft'
import { checksumOf, damaged } from '../record.js'
import { decodeEntry } from './entry-record.js'
import { decodeIdentity, type Identity } from './identity.js'
import { meaningOf } from './keys.js'
import { LogTail } from './log-tail.js'
import { decodeRoot, EMPTY_ROOT, type Root } from './root-record.js'
import { decodeSnapshot } from './snapshot-chunks.js'

/** What the files say. */
export interface RecoveredLog {
  /** Undefined in a log that was never opened. */
  readonly identity: Identity | undefined
  readonly root: Root
  readonly tail: LogTail
  readonly snapshot: Snapshot | null
  /** Keys of chunks that were written for a snapshot which never came to be. */
  readonly orphans: readonly Buffer[]
}

/** What is read of a store. */
export interface RecordSource {
  readonly name: string
  readonly database: { readonly iterator: () => AsyncIterable<readonly [key: Buffer, value: Buffer]> }
  readonly mark: { readonly read: () => Promise<number> }
}

/**
 * Reads everything, changing nothing. Throws `CORRUPT_DATA` unless all that the root speaks of is there, whole, and the root
 * is at least as new as the durable mark.
 */
export async function recoverRaftLog(store: RecordSource, cacheBytesMax: number): Promise<RecoveredLog> {
  const reader = new Reader(store.name, cacheBytesMax)
  for await (const [key, value] of store.database.iterator()) reader.take(key, value)
  const recovered = reader.finish()
  const mark = await store.mark.read()
  const { writeNumber } = recovered.root
  if (writeNumber < mark) throw damaged(store.name, `its last write is ${writeNumber}, and write ${mark} was durable`)
  return recovered
}

/** Takes the records in, in the order of their keys: the root comes before all that it speaks of. */
class Reader {
  readonly #name: string
  readonly #cacheBytesMax: number
  readonly #chunks: Buffer[] = []
  readonly #orphans: Buffer[] = []
  #identity: Identity | undefined
  #root: Root = EMPTY_ROOT
  #tail: LogTail
  #checksum = 0

  constructor(name: string, cacheBytesMax: number) {
    this.#name = name
    this.#cacheBytesMax = cacheBytesMax
    this.#tail = new LogTail({ index: 0, term: 0, checksum: 0 }, cacheBytesMax)
  }

  take(key: Buffer, value: Buffer): void {
    const meaning = meaningOf(key)
    switch (meaning.kind) {
      case 'identity':
        this.#identity = decodeIdentity(`the identity of ${this.#name}`, value)
        return
      case 'root':
        this.#takeRoot(value)
        return
      case 'entry':
        this.#takeEntry(meaning.index, value)
        return
      case 'chunk':
        if (meaning.snapshotIndex !== this.#root.snapshotIndex) this.#orphans.push(key)
        else if (meaning.number === this.#chunks.length) this.#chunks.push(value)
        else throw damaged(this.#name, `chunk ${this.#chunks.length} of its snapshot is missing`)
        return
      case 'unknown':
        throw damaged(this.#name, `key ${key.toString('hex')} is unknown`)
    }
  }

  finish(): RecoveredLog {
    const root = this.#root
    if (root.writeNumber > 0 && this.#identity === undefined) throw damaged(this.#name, 'its identity is missing')
    if (this.#tail.lastIndex !== root.lastIndex) {
      throw damaged(this.#name, `its last entry is ${this.#tail.lastIndex}, and must be ${root.lastIndex}`)
    }
    if (this.#checksum !== root.lastChecksum) throw damaged(this.#name, `entry ${root.lastIndex} is not the newest one`)
    this.#checkHardState()
    const snapshot =
      root.snapshotIndex === 0 ? null : decodeSnapshot(`the snapshot of ${this.#name}`, root, this.#chunks)
    return { identity: this.#identity, root, tail: this.#tail, snapshot, orphans: this.#orphans }
  }

  #takeRoot(value: Buffer): void {
    const root = decodeRoot(`the root of ${this.#name}`, value)
    const base = { index: root.baseIndex, term: root.baseTerm, checksum: root.baseChecksum }
    if (root.snapshotIndex < base.index || root.snapshotIndex > root.lastIndex) {
      throw damaged(this.#name, `its snapshot at ${root.snapshotIndex} is outside of its log`)
    }
    this.#root = root
    this.#tail = new LogTail(base, this.#cacheBytesMax)
    this.#checksum = base.checksum
  }

  #takeEntry(index: number, value: Buffer): void {
    const expected = this.#tail.lastIndex + 1
    if (index !== expected || index > this.#root.lastIndex) {
      throw damaged(this.#name, `entry ${index} stands where ${this.#expectation(expected)} must be`)
    }
    const where = `entry ${index} of ${this.#name}`
    const { entry, previousChecksum } = decodeEntry(where, index, value)
    if (previousChecksum !== this.#checksum) throw damaged(where, 'it continues another log')
    if (entry.term < (this.#tail.term(index - 1) ?? 0)) throw damaged(where, `its term ${entry.term} is too old`)
    this.#checksum = checksumOf(value)
    this.#tail.append(entry, this.#checksum)
  }

  #expectation(expected: number): string {
    return expected > this.#root.lastIndex ? 'nothing' : `entry ${expected}`
  }

  #checkHardState(): void {
    const { hasHardState, term, commit, lastIndex } = this.#root
    if (!hasHardState) return
    if (commit > lastIndex) throw damaged(this.#name, `entry ${commit} is committed, and the last one is ${lastIndex}`)
    const lastTerm = this.#tail.term(lastIndex) ?? 0
    if (lastTerm > term) throw damaged(this.#name, `its term is ${term}, and that of its last entry ${lastTerm}`)
  }
}
