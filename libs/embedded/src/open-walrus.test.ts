import { join } from 'node:path'
import { temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { resolveBackend, Walrus, type StorageChoice } from './index.js'

describe('Walrus.open', () => {
  let folder: TemporaryFolder
  beforeEach(async () => (folder = await temporaryFolder()))
  afterEach(() => folder.remove())

  const choices: readonly StorageChoice[] = ['auto', 'uring', 'mmap', 'fd', 'memory']
  for (const storage of choices.filter(isHere)) {
    it(`stores and reads with ${storage}`, async () => {
      const walrus = await Walrus.open({ path: folder.path, storage })
      expect(await walrus.append('t', Buffer.from('hello'))).to.equal(0)
      expect(Buffer.from((await walrus.readNext('t'))?.data ?? []).toString()).to.equal('hello')
      await walrus.close()
    })
  }

  it('opens what another backend has written', async () => {
    let count = 0
    for (const storage of [...choices, ...choices].filter((one) => one !== 'memory' && isHere(one))) {
      const walrus = await Walrus.open({ path: folder.path, storage })
      expect(walrus.entryCount('t')).to.equal(count)
      await walrus.append('t', Buffer.alloc(100_000, count))
      count += 1
      expect((await walrus.read('t', 0)).map(({ data }) => data[0])).to.deep.equal(
        Array.from({ length: count }, (_, n) => n),
      )
      await walrus.close()
    }
  })

  it('keeps instances apart by key, in one process at the same time', async () => {
    const one = await Walrus.open({ path: folder.path, key: 'team/one' })
    const two = await Walrus.open({ path: folder.path, key: 'team/two' })
    await one.append('t', Buffer.from('1'))
    expect([one.entryCount('t'), two.entryCount('t')]).to.deep.equal([1, 0])
    await Promise.all([one.close(), two.close()])
    const again = await Walrus.open({ path: join(folder.path, 'team_one') })
    expect(again.entryCount('t')).to.equal(1)
    await again.close()
  })

  it('refuses a directory that is owned', async () => {
    const owner = await Walrus.open({ path: folder.path })
    const [second] = await Promise.allSettled([Walrus.open({ path: folder.path })])
    expect(second).to.have.nested.property('reason.code', 'DIRECTORY_LOCKED')
    await owner.close()
  })
})

/** Native backends are there where they could be built and the system lets them. */
function isHere(choice: StorageChoice): boolean {
  try {
    resolveBackend(choice)
    return true
  } catch {
    return false
  }
}
