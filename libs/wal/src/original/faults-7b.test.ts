import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { localDisk } from '@walrus/adapters-fs'
import { FaultyDisk, temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { bytesOf, failureOf, openWalrus, paddedEntry, problemList, readAll, textsOf } from '../harness.test.js'
import type { WalrusOptions } from '../walrus-options.js'
import { Walrus } from '../walrus.js'
import { forEachBackend } from './backends.test.js'
import { appendTexts, entriesOf, noise, numbers, readNextTexts } from './entries.test.js'

/* How log libraries hang, leak, or fall over; each test shows one way that this one does not go. */

describe('nothing hangs or falls over', () => {
  forEachBackend(({ open, overwrite }) => {
    it('when a topic has a name that is too long: batches to it are refused, and the next ones of others taken', async () => {
      const walrus = await open()
      for (let nth = 0; nth < 3; nth++)
        expect((await failureOf(walrus.appendBatch('x'.repeat(217), entriesOf(['a', 'b'])))).code).to.equal(
          'INVALID_TOPIC',
        )
      expect(await walrus.appendBatch('logs', entriesOf(['a', 'b']))).to.deep.equal({ firstOffset: 0, lastOffset: 1 })
      expect(walrus.topics()).to.deep.equal(['logs'])
    })

    it('when any part of a file is noise: opening and reading end with an answer or an error', async () => {
      let walrus = await open()
      for (let nth = 0; nth < 30; nth++) await walrus.append('logs', paddedEntry(`entry-${nth} `, 200))
      await walrus.close()
      for (let nth = 29; nth >= 0; nth -= 4) {
        await overwrite(bytesOf(`entry-${nth} `), noise(300, nth))
        const { onProblem } = problemList()
        walrus = await open({ onProblem })
        const read = await walrus.read('logs', 0).catch(() => [])
        for (const [at, text] of textsOf(read).entries()) expect(text).to.match(new RegExp(`^entry-${at} `))
        await walrus.close()
      }
    })

    it('when batches and single entries of one topic meet: they queue, and every call resolves', async () => {
      const walrus = await open()
      const calls = Array.from({ length: 60 }, (_, nth) =>
        nth % 3 === 0 ? walrus.append('logs', bytesOf('1')) : walrus.appendBatch('logs', entriesOf(['2', '3'])),
      )
      const results = await Promise.allSettled(calls)
      expect(results.filter(({ status }) => status === 'rejected')).to.deep.equal([])
      expect(walrus.entryCount('logs')).to.equal(100)
    })

    it('when one instance closes: another of the same process keeps its own schedule and goes on', async () => {
      const [synced, unsynced] = [await open({}, 'one'), await open({ fsync: { kind: 'none' } }, 'two')]
      await appendTexts(synced, 'logs', numbers(3))
      await appendTexts(unsynced, 'logs', numbers(3))
      await synced.close()
      expect(await unsynced.append('logs', bytesOf('more'))).to.equal(3)
      expect((await failureOf(synced.append('logs', bytesOf('more')))).code).to.equal('STORAGE_CLOSED')
    })
  })

  it('when no file can be made: each append is refused in its turn, and taken when there is space again', async () => {
    let isFull = true
    const disk = new FaultyDisk({ onOperation: ({ kind }) => (isFull && kind === 'create' ? 'ENOSPC' : undefined) })
    const walrus = await openWalrus(disk)
    for (let round = 0; round < 3; round++) {
      const failures = await Promise.all(['one', 'two'].map((topic) => failureOf(walrus.append(topic, bytesOf('a')))))
      expect(failures.map(({ code }) => code)).to.deep.equal(['DISK_FULL', 'DISK_FULL'])
    }
    isFull = false
    expect(await Promise.all(['one', 'two'].map((topic) => walrus.append(topic, bytesOf('a'))))).to.deep.equal([0, 0])
  })

  it('with the schedule of each instance its own: one syncs each append while another in the process never does', async () => {
    const syncCounts = await Promise.all(
      (['each', 'none'] as const).map(async (kind) => {
        let count = 0
        const disk = new FaultyDisk({
          onOperation: (operation) => {
            const isSync = operation.kind === 'sync' || operation.kind === 'durable write'
            if (isSync && operation.moment === 'before') count++
            return undefined
          },
        })
        const walrus = await openWalrus(disk, { fsync: { kind } })
        await walrus.append('logs', bytesOf('in a file that is made for it'))
        const countBefore = count
        for (const text of numbers(10)) await walrus.append('logs', bytesOf(text))
        return count - countBefore
      }),
    )
    expect(syncCounts[0]).to.be.at.least(10)
    expect(syncCounts[1]).to.equal(0)
  })
})

describe('on real files', function () {
  this.timeout(30_000)
  let folder: TemporaryFolder

  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(() => folder.remove())

  async function openHere(settings: Partial<WalrusOptions> = {}): Promise<Walrus> {
    const small = { blockBytes: 4096, fileBytes: 64 * 1024, segmentBytesMax: 8000 }
    return Walrus.open({ ...(await localDisk(join(folder.path, 'data'))), ...small, ...settings })
  }

  it('opening and closing twenty times leaves no descriptor, no timer and no file behind', async () => {
    const descriptorsBefore = await openDescriptors(folder.path)
    const timersBefore = activeResources()
    for (let round = 0; round < 20; round++) {
      const walrus = await openHere({ fsync: { kind: 'interval', milliseconds: 5 }, retention: { bytes: 1e6 } })
      expect(await walrus.append('logs', bytesOf(String(round)))).to.equal(round)
      await walrus.readNext('logs')
      await walrus.close()
    }
    expect(await openDescriptors(folder.path)).to.deep.equal(descriptorsBefore)
    expect(activeResources()).to.deep.equal(timersBefore)
    expect(await readdir(join(folder.path, 'data'))).to.have.length.at.most(3)
  })

  it('opening and closing an empty directory makes no block file', async () => {
    for (let round = 0; round < 5; round++) await (await openHere()).close()
    expect((await readdir(join(folder.path, 'data'))).filter((name) => name.endsWith('.blocks'))).to.deep.equal([])
  })

  it('files that are given back are closed, so that their space is free at once', async () => {
    const walrus = await openHere({ retention: { consumed: true } })
    for (let nth = 0; nth < 100; nth++) await walrus.append('queue', paddedEntry(String(nth), 3000))
    const bytesBefore = await bytesOnDisk(join(folder.path, 'data'))
    await readNextTexts(walrus, 'queue')
    await walrus.enforceRetention()
    expect((await openDescriptors(folder.path)).filter((target) => target.includes('(deleted)'))).to.deep.equal([])
    expect(await bytesOnDisk(join(folder.path, 'data'))).to.be.below(bytesBefore / 2)
    await walrus.close()
  })

  it('a second process gets an error that names the directory, and the first goes on', async () => {
    const walrus = await openHere()
    await appendTexts(walrus, 'logs', ['a'])
    expect(await openInChild(join(folder.path, 'data'))).to.match(/^DIRECTORY_LOCKED .*data/)
    await appendTexts(walrus, 'logs', ['b'])
    await walrus.close()
    expect(await openInChild(join(folder.path, 'data'))).to.equal('a b')
    const again = await openHere()
    expect(await readAll(again, 'logs')).to.deep.equal(['a', 'b', 'c'])
    await again.close()
  })
})

/** What the descriptors below the folder stand for; empty where the system does not tell. */
async function openDescriptors(folder: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd').catch(() => [])
  const targets = await Promise.all(descriptors.map((one) => readlink(`/proc/self/fd/${one}`).catch(() => '')))
  return targets.filter((target) => target.startsWith(folder)).sort()
}

function activeResources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => name === 'Timeout' || name === 'MessagePort' || name === 'Worker')
}

async function bytesOnDisk(directory: string): Promise<number> {
  const names = await readdir(directory)
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Opens the directory in another process, reads the topic "logs", and appends "c" to it; resolves with what it says. */
async function openInChild(directory: string): Promise<string> {
  const source = `
    import { localDisk } from ${JSON.stringify(import.meta.resolve('@walrus/adapters-fs'))}
    import { Walrus } from ${JSON.stringify(new URL('../walrus.js', import.meta.url).href)}
    try {
      const walrus = await Walrus.open(await localDisk(${JSON.stringify(directory)}))
      const texts = (await walrus.read('logs', 0)).map(({ data }) => Buffer.from(data).toString())
      await walrus.append('logs', Buffer.from('c'))
      await walrus.close()
      process.stdout.write(texts.join(' '))
    } catch (error) {
      process.stdout.write(error.code + ' ' + error.message)
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await once(child, 'close')
  return said
}
