import { DEFAULT_TOPIC_CONFIG, WalrusError, type MetadataCommand, type MetadataLog } from '@walrus/core'
import { metadataLogSuite, temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { Level } from 'level'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LevelMetadataLog, openLevelMetadataLog } from './level-metadata-log.js'
import { recover } from './recover.js'
import { openMetadataStore as openStore, type MetadataStore as Store } from './metadata-store.js'
import { closeStore } from './store.js'

const identity = { nodeId: 7, address: '127.0.0.1:6007' }

metadataLogSuite({
  name: 'LevelDB',
  nodeId: identity.nodeId,
  place: async () => {
    const folder = await temporaryFolder()
    return {
      open: () => openLevelMetadataLog({ directory: join(folder.path, 'new', 'metadata'), ...identity }),
      remove: folder.remove,
    }
  },
})

metadataLogSuite({
  name: 'LevelDB, a snapshot at every write',
  nodeId: identity.nodeId,
  place: async () => {
    const folder = await temporaryFolder()
    return {
      open: () => openLevelMetadataLog({ directory: folder.path, ...identity, snapshotLogBytesMin: 1 }),
      remove: folder.remove,
    }
  },
})

describe('LevelDB metadata log', () => {
  let folder: TemporaryFolder
  let directory: string

  beforeEach(async () => {
    folder = await temporaryFolder()
    directory = join(folder.path, 'metadata')
  })
  afterEach(() => folder.remove())

  const open = (snapshotLogBytesMin?: number): Promise<MetadataLog> =>
    openLevelMetadataLog({
      directory,
      ...identity,
      ...(snapshotLogBytesMin === undefined ? {} : { snapshotLogBytesMin }),
    })

  /** A closed log of one node and so many topics. */
  async function written(topics: number, snapshotLogBytesMin?: number): Promise<void> {
    const log = await open(snapshotLogBytesMin)
    await log.propose(upsertNode)
    for (let at = 0; at < topics; at += 1) await log.propose(createTopic(`topic-${at}`))
    await log.close()
  }

  async function change(edit: (database: Level<string, Buffer>) => Promise<unknown>): Promise<void> {
    const database = new Level<string, Buffer>(join(directory, 'commands'), { valueEncoding: 'buffer' })
    await edit(database)
    await database.close()
  }

  const keys = async (): Promise<string[]> => {
    let found: string[] = []
    await change(async (database) => (found = await database.keys().all()))
    return found
  }

  it('has one owner at a time', async () => {
    const log = await open()
    const error = await failureOf(open())
    expect(error.code).to.equal('DIRECTORY_LOCKED')
    expect(error.message).to.equal(`Cannot open "${directory}": it is in use`)
    await log.close()
    await (await open()).close()
  })

  it('says that a file stands where its directory must be', async () => {
    await writeFile(directory, 'not a directory')
    const error = await failureOf(open())
    expect(error.code).to.equal('IO_FAILED')
    expect(error.message).to.match(/^Cannot open ".+": EEXIST/)
  })

  it('writes one record per command, under keys that sort as the log does', async () => {
    await written(11)
    expect(await keys()).to.deep.equal(
      Array.from({ length: 12 }, (_, at) => `command/${String(at + 1).padStart(16, '0')}`),
    )
  })

  it('replaces the log by a snapshot when it has grown, and keeps the state', async () => {
    await written(100, 2000)
    const stored = await keys()
    expect(stored).to.include('snapshot')
    expect(stored.length).to.be.below(90)
    const log = await open()
    expect([log.state.version, log.state.topics.size]).to.deep.equal([101, 100])
    expect(log.status().snapshotIndex).to.be.within(20, 101)
    await log.close()
  })

  it('refuses a flipped bit in the header and in the payload of a command', async () => {
    await written(1)
    const [key] = await keys()
    for (const at of [0, 1, 4, 5, 12, 13, 40, 100]) {
      const flip = (database: Level<string, Buffer>): Promise<void> => flipByte(database, key!, at)
      await change(flip)
      expect((await failureOf(open())).code, `byte ${at}`).to.be.oneOf(['CORRUPT_DATA', 'UNSUPPORTED_FORMAT'])
      await change(flip)
    }
    await (await open()).close()
  })

  it('refuses a damaged snapshot', async () => {
    await written(20, 1)
    await change((database) => flipByte(database, 'snapshot', 40))
    const error = await failureOf(open())
    expect(error.code).to.equal('CORRUPT_DATA')
    expect(error.message).to.equal(
      `Cannot read the snapshot of the metadata log "${directory}": its checksum does not match`,
    )
  })

  it('refuses a hole in the log', async () => {
    await written(5)
    await change((database) => database.del('command/0000000000000003'))
    expect((await failureOf(open())).message).to.contain(
      'key "command/0000000000000004" stands where command 3 must be',
    )
  })

  it('refuses a command that stands under the key of another', async () => {
    await written(5)
    await change(async (database) => {
      await database.put('command/0000000000000003', await database.get('command/0000000000000004'))
    })
    expect((await failureOf(open())).message).to.contain('it says that it is command 4')
  })

  it('refuses a log whose acknowledged end is missing', async () => {
    await written(5)
    await change((database) => database.clear({ gte: 'command/0000000000000004' }))
    expect((await failureOf(open())).message).to.contain('its log ends at 3, and command 6 was acknowledged')
  })

  it('refuses a log of which LevelDB silently dropped damaged records', async () => {
    await written(20)
    const file = await levelLogOf(join(directory, 'commands'))
    const bytes = await readFile(file)
    bytes[Math.floor(bytes.length / 2)]! ^= 1
    await writeFile(file, bytes)
    expect((await failureOf(open())).code).to.equal('CORRUPT_DATA')
  })

  it('refuses a damaged mark', async () => {
    await written(2)
    const file = join(directory, 'durable-mark')
    const bytes = await readFile(file)
    bytes[0]! ^= 1
    await writeFile(file, bytes)
    expect((await failureOf(open())).message).to.equal(`Cannot read "${file}": its checksum does not match`)
  })

  it('accepts nothing more after a failed write, and what was acknowledged is there at the next start', async () => {
    const store = await openStore(directory)
    const failing = new FailingDatabase(store)
    const log = new LevelMetadataLog({ directory, ...identity }, failing.store, await recover(store))
    await log.propose(upsertNode)
    failing.failNow = true
    const failures = await Promise.all(['one', 'two'].map((name) => failureOf(log.propose(createTopic(name)))))
    failing.failNow = false
    failures.push(await failureOf(log.propose(createTopic('three'))))
    for (const error of failures) {
      expect(error.code).to.equal('UNAVAILABLE')
      expect(error.message).to.equal(`Cannot write the metadata log "${directory}": no space left`)
    }
    expect(log.state.topics.size).to.equal(0)
    await log.close()
    const reopened = await open()
    expect(reopened.state.version).to.equal(1)
    await reopened.close()
  })

  it('releases its files when it refuses to open', async () => {
    await written(3)
    await change((database) => database.del('command/0000000000000002'))
    await failureOf(open())
    const store = await openStore(directory)
    await closeStore(store)
  })

  it('shares one write between the proposals of one tick', async () => {
    const store = await openStore(directory)
    const counting = new FailingDatabase(store)
    const log = new LevelMetadataLog({ directory, ...identity }, counting.store, await recover(store))
    const commands = Array.from({ length: 50 }, (_, at) => createTopic(`topic-${at}`))
    await Promise.all([upsertNode, ...commands].map((command) => log.propose(command)))
    expect(counting.batches).to.equal(1)
    await log.close()
  })
})

/** A store whose writes can be counted and made to fail. */
class FailingDatabase {
  failNow = false
  batches = 0
  readonly store: Store

  constructor(store: Store) {
    const database = new Proxy(store.database, {
      get: (target, name) => {
        if (name === 'batch') return (...given: Parameters<typeof target.batch>) => this.#batch(target, given)
        const member: unknown = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
    this.store = { ...store, database }
  }

  async #batch(target: Store['database'], given: Parameters<Store['database']['batch']>): Promise<void> {
    this.batches += 1
    if (this.failNow) throw new Error('no space left')
    await (target.batch(...given) as unknown as Promise<void>)
  }
}

const upsertNode: MetadataCommand = {
  kind: 'UpsertNode',
  node: { id: identity.nodeId, address: identity.address, role: 'voter', draining: false },
}

function createTopic(topic: string): MetadataCommand {
  const placement = { leader: identity.nodeId, replicas: [identity.nodeId] }
  return { kind: 'CreateTopic', topic, config: DEFAULT_TOPIC_CONFIG, ...placement }
}

async function flipByte(database: Level<string, Buffer>, key: string, at: number): Promise<void> {
  const value = await database.get(key)
  value[at]! ^= 1
  await database.put(key, value)
}

/** The write-ahead log of a database that was just closed: the only one with content. */
async function levelLogOf(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.log'))
  return join(directory, names.sort().at(-1)!)
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
