import { WalrusError } from '@walrus/core'
import { emptyConfState, type Entry, type LogWrite, type Snapshot } from '@walrus/raft'
import { temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { Level } from 'level'
import { join } from 'node:path'
import { closeStore, openStore, type Store } from '../store.js'
import { resealRecord } from '../record.js'
import { encodeEntry } from './entry-record.js'
import { chunkKey, entryKey, IDENTITY_KEY, ROOT_KEY } from './keys.js'
import { LevelRaftLog, openLevelRaftLog, type LevelRaftLogOptions } from './level-raft-log.js'
import { recoverRaftLog } from './recover-raft-log.js'

type Database = Level<Buffer, Buffer>

describe('LevelDB Raft log', () => {
  let folder: TemporaryFolder
  let directory: string

  beforeEach(async () => {
    folder = await temporaryFolder()
    directory = join(folder.path, 'raft')
  })
  afterEach(() => folder.remove())

  const open = (options: Partial<LevelRaftLogOptions> = {}) => openLevelRaftLog({ directory, nodeId: 7, ...options })

  /** A closed log with these entries, one write each. */
  async function written(...terms: readonly number[]): Promise<void> {
    const log = await open()
    for (const [at, term] of terms.entries()) await log.write(write({ entries: [entry(at + 1, term)] }))
    await log.close()
  }

  async function change(edit: (database: Database) => Promise<unknown>): Promise<void> {
    const database: Database = new Level(join(directory, 'log'), { keyEncoding: 'buffer', valueEncoding: 'buffer' })
    await edit(database)
    await database.close()
  }

  async function refusal(): Promise<string> {
    const error = await failureOf(open())
    expect(error.code).to.equal('CORRUPT_DATA')
    return error.message.replace(`the Raft log "${directory}"`, 'LOG')
  }

  describe('owner', () => {
    it('is one process at a time', async () => {
      const log = await open()
      expect((await failureOf(open())).code).to.equal('DIRECTORY_LOCKED')
      await log.close()
      await (await open()).close()
    })

    it('is one node for ever', async () => {
      await written()
      const error = await failureOf(open({ nodeId: 8 }))
      expect(error.code).to.equal('INVALID_ARGUMENT')
      expect(error.message).to.equal(`Cannot open the Raft log "${directory}" as node 8: it belongs to node 7`)
      await (await open()).close()
    })

    it('belongs to one cluster, once it knows which', async () => {
      const log = await open()
      expect([log.clusterId, log.isFounder]).to.deep.equal([null, false])
      await log.saveCluster('blue', { isFounder: true })
      await log.saveCluster('blue', { isFounder: true })
      const refused = await failureOf(log.saveCluster('red', { isFounder: false }))
      expect(refused.code).to.equal('NODE_REFUSED')
      expect(refused.message).to.equal('Cannot join cluster "red": node 7 belongs to cluster "blue"')
      await log.close()
      const again = await open()
      expect([again.clusterId, again.isFounder]).to.deep.equal(['blue', true])
      await again.write(write({ entries: [entry(1, 1)] }))
      await again.close()
    })

    it('has a name of its own, which tells it from another log of the same node', async () => {
      const first = await open()
      const { identity } = first
      await first.close()
      const again = await open({ identity: 'another' })
      expect(again.identity).to.equal(identity)
      await again.close()
      const elsewhere = await open({ directory: `${directory}-2` })
      expect(elsewhere.identity).to.have.length(36).and.not.equal(identity)
      await elsewhere.close()
    })

    it('is not forgotten', async () => {
      await written(1)
      await change((database) => database.del(IDENTITY_KEY))
      expect(await refusal()).to.equal('Cannot read LOG: its identity is missing')
    })
  })

  describe('refuses to start', () => {
    it('with a hole', async () => {
      await written(1, 1, 1, 1)
      await change((database) => database.del(entryKey(2)))
      expect(await refusal()).to.equal('Cannot read LOG: entry 3 stands where entry 2 must be')
    })

    it('without its first and without its last entry', async () => {
      await written(1, 1, 1)
      await change((database) => database.del(entryKey(3)))
      expect(await refusal()).to.equal('Cannot read LOG: its last entry is 2, and must be 3')
      await change((database) => database.del(entryKey(1)))
      expect(await refusal()).to.equal('Cannot read LOG: entry 2 stands where entry 1 must be')
    })

    it('with an entry that was replaced long ago, although it is whole and fits the terms', async () => {
      await written(1, 1)
      let old: Buffer | undefined
      await change(async (database) => (old = await database.get(entryKey(2))))
      const log = await open()
      await log.write(write({ entries: [entry(2, 2)] }))
      await log.write(write({ entries: [entry(3, 2)] }))
      await log.close()
      await change((database) => database.put(entryKey(2), old ?? Buffer.alloc(0)))
      expect(await refusal()).to.equal('Cannot read entry 3 of LOG: it continues another log')
    })

    it('with a last entry that was replaced long ago', async () => {
      await written(1, 1)
      const log = await open()
      await log.write(write({ entries: [entry(2, 2)] }))
      await log.close()
      await change(async (database) => {
        const first = await database.get(entryKey(1))
        await database.put(entryKey(2), encodeEntry(entry(2, 1), first.readUInt32LE(1)))
      })
      expect(await refusal()).to.equal('Cannot read LOG: entry 2 is not the newest one')
    })

    it('with an entry under the key of another, or beyond the end', async () => {
      await written(1, 1)
      await change(async (database) => database.put(entryKey(3), await database.get(entryKey(2))))
      expect(await refusal()).to.equal('Cannot read LOG: entry 3 stands where nothing must be')
      await change(async (database) => {
        await database.put(entryKey(1), await database.get(entryKey(2)))
        await database.del(entryKey(3))
      })
      expect(await refusal()).to.equal('Cannot read entry 1 of LOG: it says that it is entry 2')
    })

    it('with the root of an earlier write', async () => {
      await written(1)
      let old: Buffer | undefined
      await change(async (database) => (old = await database.get(ROOT_KEY)))
      const log = await open()
      await log.write(write({ hardState: { term: 5, vote: 2, commit: 1 } }))
      await log.close()
      await change((database) => database.put(ROOT_KEY, old ?? Buffer.alloc(0)))
      expect(await refusal()).to.equal('Cannot read LOG: its last write is 1, and write 2 was durable')
    })

    it('with nothing at all, when there was something', async () => {
      await written(1)
      await change((database) => database.clear())
      expect(await refusal()).to.equal('Cannot read LOG: its last write is 0, and write 1 was durable')
    })

    it('with a key that it does not know', async () => {
      await written(1)
      await change((database) => database.put(Buffer.of(9), Buffer.of(1)))
      expect(await refusal()).to.equal('Cannot read LOG: key 09 is unknown')
    })

    it('with terms that fall, and with a term that its last entry exceeds', async () => {
      const log = await open()
      await log.write(write({ entries: [entry(1, 3)], hardState: { term: 2, vote: 0, commit: 0 } }))
      await log.close()
      expect(await refusal()).to.equal('Cannot read LOG: its term is 2, and that of its last entry 3')
      const other = await openLevelRaftLog({ directory: (directory = join(folder.path, 'other')), nodeId: 7 })
      await other.write(write({ entries: [entry(1, 3), entry(2, 2)] }))
      await other.close()
      expect(await refusal()).to.equal('Cannot read entry 2 of LOG: its term 2 is too old')
    })

    it('with a commit index beyond its end', async () => {
      const log = await open()
      await log.write(write({ hardState: { term: 1, vote: 0, commit: 4 } }))
      await log.close()
      expect(await refusal()).to.equal('Cannot read LOG: entry 4 is committed, and the last one is 0')
    })

    it('with values that cannot be, though their checksums hold', async () => {
      await written(1)
      const resealed = async (key: Buffer, edit: (value: Buffer) => Buffer | undefined): Promise<string> => {
        let before: Buffer | undefined
        await change(async (database) => {
          before = await database.get(key)
          const changed = Buffer.from(before ?? [])
          const after = edit(changed) ?? changed
          resealRecord(after)
          await database.put(key, after)
        })
        const reason = await refusal()
        await change((database) => database.put(key, before ?? Buffer.alloc(0)))
        return reason
      }
      const huge = (at: number) => (value: Buffer) => void value.writeBigUInt64LE(2n ** 53n, at)
      const tooLarge = 'number 9007199254740992 is too large'
      expect(await resealed(ROOT_KEY, huge(5))).to.equal(`Cannot read the root of LOG: ${tooLarge}`)
      expect(await resealed(ROOT_KEY, huge(14))).to.equal(`Cannot read the root of LOG: ${tooLarge}`)
      expect(await resealed(entryKey(1), huge(17))).to.equal(`Cannot read entry 1 of LOG: ${tooLarge}`)
      const nothing = (value: Buffer) => Buffer.concat([value.subarray(0, 13), Buffer.from('null')])
      expect(await resealed(IDENTITY_KEY, nothing)).to.equal('Cannot read the identity of LOG: it is malformed')
    })

    it('with a snapshot of which a piece is missing, shortened or changed', async () => {
      const log = await open({ chunkBytes: 50 })
      await log.write(write({ snapshot: snapshot(4, 200), hardState: { term: 1, vote: 0, commit: 4 } }))
      await log.close()
      let last: Buffer | undefined
      await change(async (database) => {
        last = await database.get(chunkKey(4, 5))
        await database.del(chunkKey(4, 5))
      })
      expect(await refusal()).to.match(/^Cannot read the snapshot of LOG: it has 250 bytes, not \d+$/)
      await change(async (database) => {
        await database.put(chunkKey(4, 5), last ?? Buffer.alloc(0))
        const [first, second] = [await database.get(chunkKey(4, 0)), await database.get(chunkKey(4, 1))]
        await database.batch([
          { type: 'put', key: chunkKey(4, 0), value: second },
          { type: 'put', key: chunkKey(4, 1), value: first },
        ])
      })
      expect(await refusal()).to.equal('Cannot read the snapshot of LOG: its checksum does not match')
      await change((database) => database.del(chunkKey(4, 2)))
      expect(await refusal()).to.equal('Cannot read LOG: chunk 2 of its snapshot is missing')
    })
  })

  it('drops pieces of a snapshot that never came to be', async () => {
    await written(1, 1)
    await change((database) => database.put(chunkKey(9, 0), Buffer.from('anything')))
    const log = await open()
    expect([log.lastIndex(), log.snapshotId().index]).to.deep.equal([2, 0])
    await log.close()
    await change(async (database) => expect(await database.get(chunkKey(9, 0))).to.equal(undefined))
  })

  it('leaves nothing of what a snapshot replaced', async () => {
    await written(1, 1, 1, 1, 1)
    const log = await open({ chunkBytes: 50 })
    for (const index of [10, 20]) {
      await log.write(write({ snapshot: snapshot(index, 200), hardState: { term: 1, vote: 0, commit: index } }))
    }
    await log.close()
    let keys: string[] = []
    await change(async (database) => (keys = (await database.keys().all()).map((key) => key.toString('hex'))))
    expect(keys.filter((key) => key.startsWith('02'))).to.deep.equal([])
    expect(keys.filter((key) => key.startsWith('03')).every((key) => key.slice(2, 18) === '0000000000000014')).to.equal(
      true,
    )
  })

  it('says so when an entry is damaged while it is open, and only a disk has it', async () => {
    const store = await openTestStore()
    const log = await logOver(store, 1)
    for (const index of [1, 2, 3]) await log.write(write({ entries: [entry(index, 1)] }))
    expect(log.entries(1, 4, Infinity)).to.have.length(3)
    await store.database.put(entryKey(1), Buffer.from(entryKey(1)))
    expect(() => log.entries(1, 4, Infinity)).to.throw(WalrusError, 'Cannot read entry 1 of the Raft log')
    await store.database.del(entryKey(1))
    expect(() => log.entries(1, 4, Infinity)).to.throw(WalrusError, 'it is missing')
    await log.close()
  })

  it('reads no entry that is just being compacted', async () => {
    const store = await openTestStore()
    const log = await logOver(store, 1)
    for (const index of [1, 2, 3]) await log.write(write({ entries: [entry(index, 1)] }))
    const saved = log.saveSnapshot({ ...snapshot(3, 10), term: 1 }, 2)
    expect([1, 2].map((low) => log.entries(low, 4, Infinity))).to.deep.equal([undefined, undefined])
    expect(log.entries(3, 4, Infinity)).to.have.length(1)
    await saved
    await log.close()
  })

  describe('after a failed write', () => {
    it('knows nothing of it, and writes nothing more', async () => {
      await written()
      const store = await openTestStore()
      const faults = { failing: false }
      const log = await logOver({ ...store, database: failingBatches(store.database, faults) })
      await log.write(write({ entries: [entry(1, 1)] }))
      faults.failing = true
      const failure = await failureOf(log.write(write({ entries: [entry(2, 1)] })))
      faults.failing = false
      expect(failure.code).to.equal('UNAVAILABLE')
      expect(failure.message).to.equal(`Cannot write the Raft log "${directory}": no space left`)
      expect([log.lastIndex(), log.term(2)]).to.deep.equal([1, undefined])
      expect(await failureOf(log.write(write({ entries: [entry(2, 1)] })))).to.equal(failure)
      expect(await failureOf(log.saveSnapshot(snapshot(1, 1), 1))).to.equal(failure)
      await log.close()
      const again = await open()
      expect(again.lastIndex()).to.equal(1)
      await again.close()
    })
  })

  it('takes one write at a time, and none with a hole', async () => {
    const log = await open()
    const first = log.write(write({ entries: [entry(1, 1)] }))
    expect((await failureOf(log.write(write({})))).message).to.contain('another write is under way')
    await first
    expect((await failureOf(log.write(write({ entries: [entry(3, 1)] })))).message).to.contain('leave a hole')
    await log.close()
  })

  const openTestStore = (): Promise<Store> => openStore(directory, { what: 'Raft log', folder: 'log' })

  async function logOver(store: Store, cacheBytesMax = 1_000_000): Promise<LevelRaftLog> {
    const identity = { nodeId: 7, identity: 'seven', clusterId: null, isFounder: false }
    return new LevelRaftLog(
      { directory, nodeId: 7, cacheBytesMax },
      store,
      await recoverRaftLog(store, cacheBytesMax),
      identity,
    )
  }

  it('releases its files when it refuses to open', async () => {
    await written(1, 1)
    await change((database) => database.del(entryKey(1)))
    await refusal()
    await closeStore(await openTestStore())
  })
})

/** The database, whose batches fail on demand. */
function failingBatches(database: Store['database'], faults: { failing: boolean }): Store['database'] {
  return new Proxy(database, {
    get: (target, name) => {
      if (name === 'batch' && faults.failing) {
        return () => {
          const batch = target.batch()
          batch.write = () => Promise.reject(new Error('no space left'))
          return batch
        }
      }
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

function entry(index: number, term: number): Entry {
  return { index, term, type: 'normal', data: Buffer.from(`${term}/${index}`) }
}

function snapshot(index: number, length: number): Snapshot {
  const data = Uint8Array.from({ length }, (_, at) => at)
  return { index, term: 1, confState: { ...emptyConfState, voters: [7] }, data }
}

function write(parts: Partial<LogWrite>): LogWrite {
  return { snapshot: null, entries: [], hardState: null, mustSync: true, ...parts }
}

async function failureOf(call: Promise<unknown>): Promise<WalrusError> {
  try {
    await call
  } catch (error) {
    if (error instanceof WalrusError) return error
    throw error
  }
  throw new Error('expected a failure')
}
