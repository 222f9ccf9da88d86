import { truncate, writeFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { WalrusError, type BlockFileDirectory } from '@walrus/core'
import { blockFileSuite, temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { openFdBlockFiles } from './fd-block-files.js'
import { withQuota } from './quota-block-files.js'

blockFileSuite({
  name: 'quota',
  place: async () => {
    const folder = await temporaryFolder()
    return { open: async () => withQuota(await openFdBlockFiles(folder.path), 2 ** 40), remove: folder.remove }
  },
})

const MIB = 2 ** 20

/** The directory's lock takes its few bytes too. */
const LOCK_BYTES_MAX = 4096

describe('a quota', () => {
  let folder: TemporaryFolder
  let directory: BlockFileDirectory

  beforeEach(async () => {
    folder = await temporaryFolder()
    directory = withQuota(await openFdBlockFiles(folder.path), 10 * MIB + LOCK_BYTES_MAX)
  })

  afterEach(async () => {
    await directory.close()
    await folder.remove()
  })

  async function refusal(name: string, sizeBytes: number): Promise<string> {
    try {
      await directory.create(name, sizeBytes)
    } catch (thrown) {
      if (thrown instanceof WalrusError && thrown.code === 'DISK_FULL') return thrown.message
      throw thrown
    }
    throw new Error(`"${name}" was created`)
  }

  it('can be used up, and is free again with a file that is removed', async () => {
    await directory.create('a', 4 * MIB)
    const file = await directory.create('b', 6 * MIB)
    const message = await refusal('c', 8192)
    expect(message).to.contain(`Cannot create "${join(folder.path, 'c')}": quota is 10489856 bytes, 10485`)
    expect(message).to.match(/ are taken, 8192 more are needed$/)
    expect(await directory.list()).to.deep.equal(['a', 'b'])
    await file.close()
    await directory.remove('b')
    await directory.create('c', 6 * MIB)
  })

  it('counts files of others', async () => {
    const foreign = join(folder.path, 'foreign')
    await writeFile(foreign, '')
    await truncate(foreign, 9 * MIB)
    await refusal('a', 2 * MIB)
    await unlink(foreign)
    await directory.create('a', 2 * MIB)
  })

  it('is kept by files that are made at once', async () => {
    const made = await Promise.allSettled(['a', 'b', 'c'].map((name) => directory.create(name, 5 * MIB)))
    expect(made.map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled', 'rejected'])
  })

  it('is not in the way of what is there', async () => {
    const file = await directory.create('a', 10 * MIB)
    await refusal('b', 8192)
    await file.write([new Uint8Array(100).fill(1)], 0, true)
    expect(await file.read(0, 1)).to.deep.equal(new Uint8Array([1]))
  })
})
