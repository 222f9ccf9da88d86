import { WalrusError } from '@walrus/core'
import { blockFileSuite, temporaryFolder, type DiskOperation, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { constants } from 'node:os'
import { open, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { loadAddon } from '../addon.js'
import { openFdBlockFiles } from '../fd-block-files.js'
import { nodeSystemCalls, type SystemCalls } from '../system-calls.js'
import { systemError } from '../system-error.js'
import { mappedSystemCalls, type MappingAddon } from './mapped-system-calls.js'
import { mappingAddon, openMmapBlockFiles, probeMmap } from './mmap-block-files.js'

const addon = mappingAddon()
if ('reason' in addon) refusalTest(addon.reason)
else {
  suites(addon)
  describe('mmap block files', () => mappingTests(addon))
}

function suites(addon: MappingAddon): void {
  blockFileSuite({
    name: 'mmap',
    place: async () => {
      const folder = await temporaryFolder()
      return { folder, open: () => openMmapBlockFiles(folder.path), remove: () => folder.remove() }
    },
    addForeignFile: ({ folder }) => writeFile(join(folder.path, 'notes.txt'), ''),
    truncate: ({ folder }, name, sizeBytes) => truncate(join(folder.path, `${name}.blocks`), sizeBytes),
  })

  blockFileSuite({
    name: 'mmap, on a system that fails',
    place: async () => {
      const folder = await temporaryFolder()
      const failing = new FailingCalls()
      const systemCalls = failing.table(mappedSystemCalls(addon))
      return { failing, open: () => openFdBlockFiles(folder.path, { systemCalls }), remove: () => folder.remove() }
    },
    failNext: ({ failing }, kind, fault) => (failing.next = { kind, fault }),
  })
}

function mappingTests(addon: MappingAddon): void {
  let folder: TemporaryFolder
  beforeEach(async () => (folder = await temporaryFolder()))
  afterEach(() => folder.remove())

  it('are there when they are said to be', () => {
    expect(probeMmap()).to.deep.equal({ available: true })
  })

  it('take the space of a new file, and of an old one that has none yet', async () => {
    const path = join(folder.path, 'a.blocks')
    const sparse = await openFdBlockFiles(folder.path)
    await sparse.create('a', 2 ** 20)
    await sparse.close()
    expect((await stat(path)).blocks * 512).to.be.lessThan(2 ** 20)
    const mapped = await openMmapBlockFiles(folder.path)
    await mapped.open('a')
    await mapped.create('b', 2 ** 20)
    for (const name of ['a', 'b'])
      expect((await stat(join(folder.path, `${name}.blocks`))).blocks * 512).to.be.at.least(2 ** 20)
    await mapped.close()
  })

  it('show what is copied to all who read the file', async () => {
    const directory = await openMmapBlockFiles(folder.path)
    const file = await directory.create('a', 2 ** 16)
    await file.write([new Uint8Array([1, 2]), new Uint8Array([3])], 7, false)
    await file.write([new Uint8Array(5).fill(9)], 10, true)
    const bytes = await readFile(join(folder.path, 'a.blocks'))
    expect([...bytes.subarray(6, 16)]).to.deep.equal([0, 1, 2, 3, 9, 9, 9, 9, 9, 0])
    await directory.close()
  })

  it('let go of a closed file', async () => {
    const directory = await openMmapBlockFiles(folder.path)
    const file = await directory.create('a', 2 ** 16)
    const isMapped = async () => (await readFile('/proc/self/maps', 'utf8')).includes(folder.path)
    expect(await isMapped()).to.equal(true)
    await file.close()
    expect(await isMapped()).to.equal(false)
    await directory.close()
  })

  it('let go of all files with their thread', async () => {
    const source = `
      const { workerData, parentPort } = require('node:worker_threads')
      import(workerData.index).then(async ({ openMmapBlockFiles }) => {
        const directory = await openMmapBlockFiles(workerData.path)
        for (const name of ['a', 'b']) await (await directory.create(name, 65536)).write([new Uint8Array(9)], 0, false)
        process.exit(0)
      })`
    const index = new URL('../index.js', import.meta.url).href
    const worker = new Worker(source, { eval: true, workerData: { index, path: folder.path } })
    expect(await new Promise((resolve) => worker.once('exit', resolve))).to.equal(0)
    expect(await readFile('/proc/self/maps', 'utf8')).not.to.contain(folder.path)
  })

  it('create nothing where the system cannot promise the space', async () => {
    const without = { ...addon, reserve: () => -constants.errno.EOPNOTSUPP }
    const directory = await openFdBlockFiles(folder.path, { systemCalls: mappedSystemCalls(without) })
    const error = await rejection(directory.create('a', 2 ** 16))
    expect(error).to.have.property('code', 'IO_FAILED')
    expect((error as Error).message).to.contain('ENOTSUP')
    expect(await directory.list()).to.deep.equal([])
    await directory.close()
  })

  it('leave nothing behind when a new file cannot be mapped', async () => {
    const opened = new Set<number>()
    const systemCalls = mappedSystemCalls(
      { ...addon, map: () => -constants.errno.ENOMEM },
      {
        ...nodeSystemCalls,
        open: async (path, flags) => {
          const descriptor = await nodeSystemCalls.open(path, flags)
          opened.add(descriptor)
          return descriptor
        },
        close: async (descriptor) => {
          opened.delete(descriptor)
          await nodeSystemCalls.close(descriptor)
        },
      },
    )
    const directory = await openFdBlockFiles(folder.path, { systemCalls })
    expect(await rejection(directory.create('a', 2 ** 16))).to.have.property('code', 'IO_FAILED')
    expect(opened).to.deep.equal(new Set())
    expect(await directory.list()).to.deep.equal([])
    await directory.close()
  })

  it('copy nothing beyond a mapping, and nothing that is no bytes', async () => {
    const path = join(folder.path, 'file')
    await writeFile(path, new Uint8Array(100))
    const file = await open(path, 'r+')
    const mapping = addon.map(file.fd, 100)
    const bytes = new Uint8Array(10)
    for (const position of [91, 100, 101, -1, 0.5, Number.NaN, 2 ** 53, Infinity])
      expect(() => addon.copy(mapping, bytes, position), String(position)).to.throw(TypeError)
    for (const wrong of [undefined, 'text', [1], {}, new Uint16Array(2), new ArrayBuffer(2)])
      expect(() => addon.copy(mapping, wrong as Uint8Array, 0)).to.throw(TypeError)
    addon.copy(mapping, bytes.fill(1), 90)
    addon.unmap(mapping)
    expect(() => addon.copy(mapping, bytes, 0)).to.throw(TypeError)
    expect(() => addon.unmap(mapping)).to.throw(TypeError)
    expect(() => addon.unmap(-1)).to.throw(TypeError)
    await file.close()
    expect([...(await readFile(path)).subarray(88, 92)]).to.deep.equal([0, 0, 1, 1])
  })
}

function refusalTest(reason: string): void {
  describe('mmap block files, where files cannot be mapped', () => {
    it('are refused with the reason that the probe gives', async () => {
      expect(probeMmap()).to.deep.equal({ available: false, reason })
      const thrown = await rejection(openMmapBlockFiles('nowhere'))
      expect(thrown).to.be.instanceOf(WalrusError).and.to.have.property('code', 'IO_FAILED')
      expect((thrown as WalrusError).message).to.equal(`Cannot open "nowhere" with mmap: ${reason}`)
    })
  })
}

describe('native parts', () => {
  it('are missed with a reason', () => {
    const absent = loadAddon<object>(new URL('./nowhere.node', import.meta.url))
    expect(absent).to.deep.equal({ reason: 'its native part is not built: that takes a C compiler' })
  })

  it('are refused with a reason where they are no native code', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder.path, 'text.node'), 'text')
    const broken = loadAddon<object>(new URL(`file://${folder.path}/text.node`))
    expect(broken).to.have.property('reason').that.contains('its native part cannot be loaded: ')
    await folder.remove()
  })
})

/** Real system calls, the next of one kind of which can be made to fail. */
class FailingCalls {
  next: { readonly kind: DiskOperation['kind']; readonly fault: 'EIO' | 'ENOSPC' } | undefined

  table(inner: SystemCalls): SystemCalls {
    return {
      ...inner,
      truncate: async (...call) => this.#unlessDue(['create'], () => inner.truncate(...call)),
      write: async (...call) => this.#unlessDue(['write', 'durable write'], () => inner.write(...call)),
      writeNow: (...call) => this.#unlessDue(['write'], () => inner.writeNow(...call)),
      syncData: async (...call) => this.#unlessDue(['sync'], () => inner.syncData(...call)),
      unlink: async (...call) => this.#unlessDue(['remove'], () => inner.unlink(...call)),
    }
  }

  #unlessDue<T>(kinds: readonly DiskOperation['kind'][], call: () => T): T {
    const { next } = this
    if (next === undefined || !kinds.includes(next.kind)) return call()
    this.next = undefined
    throw systemError(constants.errno[next.fault], next.kind)
  }
}

function rejection(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
}
