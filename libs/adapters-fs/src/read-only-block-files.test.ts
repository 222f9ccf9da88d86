import type { WalrusError } from '@walrus/core'
import { temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { constants } from 'node:fs'
import { chmod, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { holdsBlockFiles } from './block-file-names.js'
import { openFdBlockFiles } from './fd-block-files.js'
import { ownIdentity } from './process-identity.js'
import { openFdBlockFilesReadOnly } from './read-only-block-files.js'
import { nodeSystemCalls } from './system-calls.js'

const NOBODY = 65_534

describe('read-only block files', () => {
  let folder: TemporaryFolder
  let path: string

  beforeEach(async () => {
    folder = await temporaryFolder()
    path = join(folder.path, 'data')
    const directory = await openFdBlockFiles(path)
    const file = await directory.create('a', 10_000)
    await file.write([Buffer.from('hello')], 100, true)
    await directory.create('b', 500)
    await directory.close()
  })
  afterEach(() => folder.remove())

  it('read what is there', async () => {
    const directory = await openFdBlockFilesReadOnly(path)
    expect(directory.path).to.equal(path)
    expect(await directory.list()).to.deep.equal(['a', 'b'])
    const file = await directory.open('a')
    expect(file).to.include({ name: 'a', sizeBytes: 10_000 })
    expect(Buffer.from(await file.read(100, 5)).toString()).to.equal('hello')
    await directory.close()
    expect(await rejection(file.read(0, 1))).to.have.property('code', 'STORAGE_CLOSED')
    expect(await rejection(directory.list())).to.have.property('code', 'STORAGE_CLOSED')
  })

  it('refuse every change', async () => {
    const directory = await openFdBlockFilesReadOnly(path)
    const file = await directory.open('a')
    const refusals = [
      ...[file.write([new Uint8Array(1)], 0, false), file.write([new Uint8Array(1)], 0, true), file.sync()],
      ...[directory.create('c', 100), directory.remove('a')],
    ]
    for (const refusal of refusals) {
      const { code, message } = await rejection(refusal)
      expect(code).to.equal('INVALID_ARGUMENT')
      expect(message).to.match(/is opened for reading only$/)
    }
    await directory.close()
    expect((await readdir(path)).sort()).to.deep.equal(['a.blocks', 'b.blocks'])
  })

  it('leave everything as it is, also what an owner would clean up', async () => {
    const dead = JSON.stringify({ ...(await ownIdentity()), startTicks: 1 })
    await writeFile(join(path, 'owner.lock'), dead)
    await writeFile(join(path, 'owner.claim-x'), dead)
    await writeFile(join(path, 'c.blocks.tmp'), 'half')
    const before = await tree(path)
    const directory = await openFdBlockFilesReadOnly(path)
    for (const name of await directory.list()) await (await directory.open(name)).read(0, 500)
    await directory.checkUnowned()
    await directory.close()
    expect(await tree(path)).to.deep.equal(before)
  })

  it('ask the system for nothing that could change a thing', async () => {
    const asked: string[] = []
    const systemCalls = {
      ...nodeSystemCalls,
      open: (file: string, flags: number) => {
        asked.push(`open ${flags === constants.O_RDONLY ? 'for reading' : flags}`)
        return nodeSystemCalls.open(file, flags)
      },
      ...refusing(['write', 'writeNow', 'truncate', 'sync', 'syncData', 'makeDirectory', 'rename', 'unlink'], asked),
    }
    const directory = await openFdBlockFilesReadOnly(path, { systemCalls })
    await directory.open('a')
    await directory.open('b')
    await directory.close()
    expect(asked).to.deep.equal(['open for reading', 'open for reading'])
  })

  it('work where this user may only read', async () => {
    for (const name of await readdir(path)) await chmod(join(path, name), 0o444)
    await chmod(path, 0o555)
    await chmod(folder.path, 0o755)
    await withoutPrivileges(async () => {
      expect(await rejection(writeFile(join(path, 'x'), ''))).to.have.property('code', 'EACCES')
      const directory = await openFdBlockFilesReadOnly(path)
      expect(await (await directory.open('a')).read(100, 1)).to.deep.equal(Uint8Array.of(0x68))
      await directory.close()
    })
    await chmod(path, 0o755)
  })

  it('are refused while the directory has an owner, or somebody is about to become it', async () => {
    const owner = await openFdBlockFiles(path)
    const { code, message } = await rejection(openFdBlockFilesReadOnly(path))
    expect(code).to.equal('DIRECTORY_LOCKED')
    expect(message).to.equal(`Cannot open "${path}": directory is locked by process ${process.pid}`)
    await owner.close()
    await writeFile(join(path, 'owner.claim-x'), JSON.stringify({ ...(await ownIdentity()), token: 'x' }))
    expect(await rejection(openFdBlockFilesReadOnly(path))).to.have.property('code', 'DIRECTORY_LOCKED')
    expect((await readdir(path)).sort()).to.deep.equal(['a.blocks', 'b.blocks', 'owner.claim-x'])
  })

  it('keep no owner out, but tell that one has come', async () => {
    const directory = await openFdBlockFilesReadOnly(path)
    const owner = await openFdBlockFiles(path)
    expect(await rejection(directory.checkUnowned())).to.have.property('code', 'DIRECTORY_LOCKED')
    await owner.close()
    await directory.checkUnowned()
    await directory.close()
  })

  it('say why they cannot be read', async () => {
    const absent = join(folder.path, 'absent')
    const error = await rejection(openFdBlockFilesReadOnly(absent))
    expect(error.code).to.equal('IO_FAILED')
    expect(error.message).to.equal(`Cannot open "${absent}": no such file or directory (ENOENT)`)
    expect(await readdir(folder.path)).to.deep.equal(['data'])
    const directory = await openFdBlockFilesReadOnly(path)
    expect(await rejection(directory.open('c'))).to.have.property('code', 'INVALID_ARGUMENT')
    expect(await rejection(directory.open('../x'))).to.have.property('code', 'INVALID_ARGUMENT')
    const file = await directory.open('b')
    await truncate(join(path, 'b.blocks'), 100)
    expect(await rejection(file.read(0, 500))).to.have.property('code', 'CORRUPT_DATA')
    await directory.close()
  })

  it('are known by their names before they are opened', async () => {
    expect(await holdsBlockFiles(path)).to.equal(true)
    for (const other of [folder.path, join(folder.path, 'absent'), join(path, 'a.blocks')])
      expect(await holdsBlockFiles(other), other).to.equal(false)
  })

  it('are no file', async () => {
    const error = await rejection(openFdBlockFilesReadOnly(join(path, 'a.blocks')))
    expect(error.message).to.match(/not a directory \(ENOTDIR\)$/)
  })
})

/** Runs as a user whom permissions bind. */
async function withoutPrivileges(run: () => Promise<void>): Promise<void> {
  const user = process.geteuid?.()
  if (user === 0) process.seteuid?.(NOBODY)
  try {
    await run()
  } finally {
    if (user === 0) process.seteuid?.(user)
  }
}

function refusing(names: readonly string[], asked: string[]): Record<string, () => never> {
  const refuse = (name: string) => () => {
    asked.push(name)
    throw new Error(`${name} was called`)
  }
  return Object.fromEntries(names.map((name) => [name, refuse(name)]))
}

async function tree(path: string): Promise<readonly unknown[]> {
  const names = (await readdir(path)).sort()
  return Promise.all(
    names.map(async (name) => {
      const { mtimeMs, ctimeMs, size, mode } = await stat(join(path, name))
      return { name, mtimeMs, ctimeMs, size, mode, bytes: (await readFile(join(path, name))).toString('base64') }
    }),
  )
}

async function rejection(call: Promise<unknown>): Promise<WalrusError> {
  try {
    await call
  } catch (error) {
    return error as WalrusError
  }
  throw new Error('the call resolved')
}
