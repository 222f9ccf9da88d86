import { WalrusError } from '@walrus/core'
import { blockFileSuite, temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { constants } from 'node:fs'
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { openFdBlockFiles, type FdBlockFilesOptions } from './fd-block-files.js'
import { nodeSystemCalls, type SystemCalls } from './system-calls.js'

blockFileSuite({
  name: 'fd',
  place: async () => newPlace(),
  addForeignFile: async ({ folder }) => {
    for (const name of ['000001', 'b.block', 'b.blocks.old', 'ä.blocks', 'notes.txt'])
      await writeFile(join(folder.path, name), '')
  },
  truncate: ({ folder }, name, sizeBytes) => truncate(join(folder.path, `${name}.blocks`), sizeBytes),
  failNext: ({ calls }, kind, fault) => (calls.failing = { kind: systemCallOf(kind), fault }),
})

blockFileSuite({ name: 'fd, written through', place: async () => newPlace({ reservation: 'written' }) })

blockFileSuite({
  name: 'fd, on a system that writes and reads in pieces and is interrupted',
  place: async () => newPlace({ systemCalls: inPieces() }),
})

describe('fd block files', () => {
  let folder: TemporaryFolder
  beforeEach(async () => (folder = await temporaryFolder()))
  afterEach(() => folder.remove())

  it('makes the directory with its parents, each on stable storage', async () => {
    const calls = new FaultyCalls()
    const path = join(folder.path, 'x', 'y')
    await (await openFdBlockFiles(path, { systemCalls: calls.table() })).close()
    expect(calls.log.slice(0, 10)).to.deep.equal([
      ...[
        `mkdir ${path}`,
        `mkdir ${dirname(path)}`,
        `open ${folder.path}`,
        `sync ${folder.path}`,
        `close ${folder.path}`,
      ],
      ...[`mkdir ${path}`, `open ${dirname(path)}`, `sync ${dirname(path)}`, `close ${dirname(path)}`, `names ${path}`],
    ])
    expect(await readdir(path)).to.deep.equal([])
  })

  it('makes missing parents although others make the same at the same time', async () => {
    const paths = ['a', 'b', 'c', 'd'].map((name) => join(folder.path, 'new', 'parent', name))
    const directories = await Promise.all(paths.map((path) => openFdBlockFiles(path)))
    await Promise.all(directories.map((directory) => directory.close()))
    expect(await readdir(join(folder.path, 'new', 'parent'))).to.have.members(['a', 'b', 'c', 'd'])
  })

  it('gives a new file its name only when it is whole, and then secures the name', async () => {
    const { calls, directory } = await openLogged(folder, { reservation: 'written' })
    await directory.create('a', 100_000)
    const file = join(folder.path, 'a.blocks')
    expect(calls.log).to.deep.equal([
      `names ${folder.path}`,
      ...[`open ${file}.tmp`, `truncate ${file}.tmp`, `write ${file}.tmp`, `syncData ${file}.tmp`],
      ...[`sync ${file}.tmp`, `close ${file}.tmp`, `rename ${file}`],
      ...[`open ${folder.path}`, `sync ${folder.path}`, `close ${folder.path}`],
      ...[`open ${file}`, `open ${file}`],
    ])
    await directory.close()
  })

  it('secures that a file is gone', async () => {
    const { calls, directory } = await openLogged(folder)
    await directory.remove('a')
    const secured = [`open ${folder.path}`, `sync ${folder.path}`, `close ${folder.path}`]
    expect(calls.log).to.deep.equal([`unlink ${join(folder.path, 'a.blocks')}`, ...secured])
    await directory.close()
  })

  it('deletes what an interrupted creation has left, and nothing else', async () => {
    await writeFile(join(folder.path, 'a.blocks.tmp'), 'half')
    await writeFile(join(folder.path, 'other.tmp'), 'not ours')
    const directory = await openFdBlockFiles(folder.path)
    expect(await directory.list()).to.deep.equal([])
    await directory.close()
    expect(await readdir(folder.path)).to.deep.equal(['other.tmp'])
  })

  it('leaves nothing behind when a creation fails', async () => {
    const { calls, directory } = await openLogged(folder, { reservation: 'written' })
    for (const call of ['truncate', 'write', 'syncData', 'sync', 'rename']) {
      calls.failingCall = call
      expect(await rejection(directory.create('a', 1000)), call).to.have.property('code', 'IO_FAILED')
      expect(calls.failingCall, 'the call was reached').to.equal(undefined)
    }
    await directory.close()
    expect(await readdir(folder.path)).to.deep.equal([])
  })

  if (process.platform === 'linux') {
    it('makes a durable write in one system call', async () => {
      const { calls, directory } = await openLogged(folder)
      const file = await directory.create('a', 10_000)
      expect(file.supports).to.deep.equal({ alignmentBytes: 1, durableWrite: true })
      calls.log.length = 0
      await file.write([new Uint8Array(10), new Uint8Array(20)], 5, true)
      expect(calls.log).to.deep.equal([`durable write ${join(folder.path, 'a.blocks')}`])
      await directory.close()
    })
  }

  it('makes a durable write of very many parts by a write and a sync', async () => {
    const { calls, directory } = await openLogged(folder)
    const file = await directory.create('a', 10_000)
    calls.log.length = 0
    await file.write(new Array<Uint8Array>(1500).fill(new Uint8Array(2)), 0, true)
    const path = join(folder.path, 'a.blocks')
    expect(calls.log).to.deep.equal([`write ${path}`, `write ${path}`, `syncData ${path}`])
    await directory.close()
  })

  it('asks the system once for many syncs at once', async () => {
    const { calls, directory } = await openLogged(folder)
    const file = await directory.create('a', 1000)
    calls.log.length = 0
    await Promise.all(Array.from({ length: 20 }, () => file.sync()))
    expect(calls.log.filter((line) => line.startsWith('syncData'))).to.have.length(2)
    await directory.close()
  })

  it('gives back every descriptor', async () => {
    const { calls, directory } = await openLogged(folder)
    for (const name of ['a', 'b', 'c']) await directory.create(name, 1000)
    await (await directory.open('a')).close()
    await directory.remove('b')
    await rejection(directory.open('b'))
    await directory.close()
    expect(calls.openPaths()).to.deep.equal([])
  })

  it('gives the lock back and closes the other files when closing one fails', async () => {
    const { calls, directory } = await openLogged(folder)
    for (const name of ['a', 'b']) await directory.create(name, 1000)
    calls.failingCall = 'close'
    expect(await rejection(directory.close())).to.have.property('code', 'IO_FAILED')
    expect(calls.openPaths().filter((path) => path.endsWith('b.blocks'))).to.deep.equal([])
    await (await openFdBlockFiles(folder.path)).close()
  })

  it('names the file, the place and the reason of the system', async () => {
    const { calls, directory } = await openLogged(folder)
    const file = await directory.create('000001', 1000)
    calls.failing = { kind: 'write', fault: 'ENOSPC' }
    const error = await rejection(file.write([new Uint8Array(10)], 64, false))
    const path = join(folder.path, '000001.blocks')
    expect(error.message).to.equal(`Cannot write at 64 of "${path}": no space left on device (ENOSPC)`)
    expect(error.cause).to.have.property('code', 'ENOSPC')
    await directory.close()
  })

  it('fails a write that the system takes nothing of, instead of trying for ever', async () => {
    const directory = await openFdBlockFiles(folder.path, {
      reservation: 'sparse',
      systemCalls: { ...nodeSystemCalls, write: async () => 0, writeNow: () => 0 },
    })
    const file = await directory.create('a', 1000)
    const error = await rejection(file.write([new Uint8Array(10)], 0, false))
    expect([error.code, error.message.split(': ')[1]]).to.deep.equal(['IO_FAILED', 'the system wrote 0 bytes'])
    await directory.close()
  })

  it('says why a path cannot be a directory of block files', async () => {
    const file = join(folder.path, 'file')
    await writeFile(file, '')
    for (const path of [file, join(file, 'below')]) {
      const error = await rejection(openFdBlockFiles(path))
      expect([error.code, error.message]).to.deep.equal([
        'IO_FAILED',
        `Cannot open "${path}": not a directory (ENOTDIR)`,
      ])
    }
    const systemCalls = { ...nodeSystemCalls, makeDirectory: () => Promise.reject(systemError('EACCES')) }
    const error = await rejection(openFdBlockFiles('data/1', { systemCalls }))
    expect(error.message).to.equal('Cannot open "data/1": permission denied (EACCES)')
    await symlink(join(folder.path, 'nowhere'), join(folder.path, 'dangling'))
    expect(await rejection(openFdBlockFiles(join(folder.path, 'dangling')))).to.have.property('code', 'IO_FAILED')
  })

  it('gives the lock back when opening fails after it was taken', async () => {
    await mkdir(join(folder.path, 'a.blocks.tmp'))
    expect(await rejection(openFdBlockFiles(folder.path))).to.have.property('code', 'IO_FAILED')
    expect(await readdir(folder.path)).to.deep.equal(['a.blocks.tmp'])
  })

  it('writes what another process reads', async () => {
    const directory = await openFdBlockFiles(folder.path)
    const file = await directory.create('a', 1000)
    await file.write([new TextEncoder().encode('hello')], 500, true)
    const bytes = await readFile(join(folder.path, 'a.blocks'))
    expect([bytes.length, bytes.subarray(500, 505).toString(), bytes[499], bytes[505]]).to.deep.equal([
      1000,
      'hello',
      0,
      0,
    ])
    await directory.close()
  })
})

type Kind = 'create' | 'remove' | 'write' | 'durable write' | 'sync'

/** The calls of the system, written down, one of which fails when told. */
class FaultyCalls {
  readonly log: string[] = []
  /** Fails the next call that such a call of the port makes. */
  failing: { readonly kind: Kind; readonly fault: string } | undefined
  /** Fails the next call of this name. */
  failingCall: string | undefined
  readonly #paths = new Map<number, string>()
  readonly #durable = new Set<number>()

  openPaths(): string[] {
    return [...this.#paths.values()]
  }

  table(): SystemCalls {
    const { open, close, write, writeNow, truncate, syncData, sync, names, makeDirectory, rename, unlink } =
      nodeSystemCalls
    return {
      ...nodeSystemCalls,
      open: async (path, flags) => {
        this.#note('open', path)
        const descriptor = await open(path, flags)
        this.#paths.set(descriptor, path)
        if ((flags & constants.O_DSYNC) === constants.O_DSYNC) this.#durable.add(descriptor)
        return descriptor
      },
      close: async (descriptor) => {
        const path = this.#forget(descriptor)
        await close(descriptor)
        this.#note('close', path)
      },
      truncate: async (descriptor, sizeBytes) => {
        this.#note('truncate', descriptor, 'create')
        await truncate(descriptor, sizeBytes)
      },
      write: async (descriptor, parts, position) => {
        const kind = this.#durable.has(descriptor) ? 'durable write' : 'write'
        this.#note(kind, descriptor, kind)
        return write(descriptor, parts, position)
      },
      writeNow: (descriptor, parts, position) => {
        this.#note('write', descriptor, 'write')
        return writeNow(descriptor, parts, position)
      },
      syncData: async (descriptor) => {
        this.#note('syncData', descriptor, 'sync')
        await syncData(descriptor)
      },
      sync: async (descriptor) => {
        this.#note('sync', descriptor)
        await sync(descriptor)
      },
      names: async (path) => {
        this.#note('names', path)
        return names(path)
      },
      makeDirectory: async (path) => {
        this.#note('mkdir', path)
        await makeDirectory(path)
      },
      rename: async (from, to) => {
        this.#note('rename', to)
        await rename(from, to)
      },
      unlink: async (path) => {
        this.#note('unlink', path, 'remove')
        await unlink(path)
      },
    }
  }

  #forget(descriptor: number): string {
    const path = this.#paths.get(descriptor) ?? 'unknown'
    this.#paths.delete(descriptor)
    this.#durable.delete(descriptor)
    return path
  }

  #note(call: string, what: string | number, kind?: Kind): void {
    this.log.push(`${call} ${typeof what === 'string' ? what : this.#paths.get(what)}`)
    if (this.failingCall === call) {
      this.failingCall = undefined
      throw systemError('EIO')
    }
    if (kind === undefined || this.failing?.kind !== kind) return
    const { fault } = this.failing
    this.failing = undefined
    throw systemError(fault)
  }
}

/** Every third call is interrupted, and no write or read moves more than 777 bytes. */
function inPieces(): SystemCalls {
  let count = 0
  const interrupt = () => {
    count += 1
    if (count % 3 === 0) throw systemError('EINTR')
  }
  return {
    ...nodeSystemCalls,
    write: async (descriptor, [first = new Uint8Array(), ...rest], position) => {
      interrupt()
      const piece = first.subarray(0, 777)
      const more = first.length < 777 ? rest.slice(0, 1).map((part) => part.subarray(0, 777 - first.length)) : []
      return nodeSystemCalls.write(descriptor, [piece, ...more], position)
    },
    writeNow: (descriptor, [first = new Uint8Array()], position) => {
      interrupt()
      return nodeSystemCalls.writeNow(descriptor, [first.subarray(0, 77)], position)
    },
    read: async (descriptor, bytes, position) => {
      interrupt()
      return nodeSystemCalls.read(descriptor, bytes.subarray(0, 777), position)
    },
  }
}

/** Where there is no durable write, it is a write and a sync. */
function systemCallOf(kind: Kind): Kind {
  return kind === 'durable write' && process.platform !== 'linux' ? 'sync' : kind
}

async function newPlace(options: FdBlockFilesOptions = {}) {
  const folder = await temporaryFolder()
  const calls = new FaultyCalls()
  const open = () => openFdBlockFiles(folder.path, { systemCalls: calls.table(), ...options })
  return { folder, calls, open, remove: folder.remove }
}

async function openLogged(folder: TemporaryFolder, options: FdBlockFilesOptions = {}) {
  const calls = new FaultyCalls()
  const directory = await openFdBlockFiles(folder.path, { ...options, systemCalls: calls.table() })
  calls.log.length = 0
  return { calls, directory }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code })
}

async function rejection(call: Promise<unknown>): Promise<WalrusError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).to.be.instanceOf(WalrusError)
  return error as WalrusError
}
