import { nativeChecksum } from '@walrus/adapters-fs'
import type { BlockFileDirectory, ErrorCode } from '@walrus/core'
import { FaultyDisk } from '@walrus/testing'
import { LogInspector, openLogStorage, Walrus } from '@walrus/wal'
import { BrokenPromise, expectThat, isRefusal } from '../expectation.js'
import type { FuzzTarget } from '../fuzz-target.js'
import { buildBaseLogs, engineOptions, type BaseLog, type WrittenEntries } from './base-log.js'
import { damageFiles, exampleScript, type Files } from './damage-script.js'

/** Files of the log engine, damaged: it recovers, refuses or reports, and shows nothing that was never written. */
export const walLog: FuzzTarget = {
  name: 'wal-log',
  about: 'files of the log, damaged: recovery, reads, further appends, the inspector',
  testInputs: 300,
  open: async () => {
    const bases = await buildBaseLogs()
    return { example: exampleScript, check: (script) => checkScript(bases, script), close: () => Promise.resolve() }
  },
}

const DAMAGED: readonly ErrorCode[] = ['CORRUPT_DATA', 'UNSUPPORTED_FORMAT']
const READ_LIMITS = { maxEntries: 1000, maxBytes: 100_000 }
/** More calls than any log of this size needs: who asks again and again gets nowhere. */
const CALLS_MAX = 2000

async function checkScript(bases: readonly BaseLog[], script: Uint8Array): Promise<void> {
  const choice = script[0] ?? 0
  const base = bases[choice % bases.length]
  if (base === undefined) return
  const files: Files = new Map([...base.files].map(([name, bytes]) => [name, bytes.slice()]))
  const written = damageFiles(files, script) ? undefined : base.written
  await inspect(await directoryOf(files))
  if ((choice & 2) === 0) await useLibrary(await directoryOf(files), written)
  else await useStorage(await directoryOf(files))
}

async function directoryOf(files: Files): Promise<BlockFileDirectory> {
  const directory = await new FaultyDisk().open()
  for (const [name, bytes] of files) await (await directory.create(name, bytes.length)).write([bytes], 0, true)
  return directory
}

/** Undefined when it was refused as damage. Anything else that is thrown is a broken promise. */
async function unlessDamaged<Result>(what: string, call: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await call()
  } catch (error) {
    if (isRefusal(error, DAMAGED)) return undefined
    throw new BrokenPromise(`${what} fails with ${String(error)}`, { cause: error })
  }
}

/** Damage is no error to an inspector. */
async function inspect(directory: BlockFileDirectory): Promise<void> {
  const inspector = await LogInspector.open({ directory, checksum: nativeChecksum })
  await inspector.verify({ onFinding: ({ severity }) => expectThat(severity.length > 0, 'a finding says nothing') })
  for (const topic of inspector.topics) {
    await inspector.topic(topic)
    await unlessDamaged('inspecting entries', async () => {
      for await (const entry of inspector.entries(topic)) expectThat(entry.offset >= 0, 'an offset is negative')
    })
  }
  await inspector.close()
}

/** Reads all of it, then appends. Written: what entries may be; undefined where checksums were made good. */
async function useLibrary(directory: BlockFileDirectory, written: WrittenEntries | undefined): Promise<void> {
  const walrus = await unlessDamaged('opening', () => Walrus.open({ ...engineOptions(), directory }))
  if (walrus === undefined) return
  for (const topic of walrus.topics()) {
    await readTopic(walrus, topic, written)
    await unlessDamaged('reading on', () => walrus.readNext(topic))
    await unlessDamaged('appending', async () => {
      const entry = Uint8Array.of(1, 2, 3)
      const offset = await walrus.append(topic, entry)
      const [found] = await walrus.read(topic, offset)
      expectThat(found !== undefined && Buffer.compare(found.data, entry) === 0, `entry ${offset} is another one`)
    })
  }
  await unlessDamaged('closing', () => walrus.close())
}

async function readTopic(walrus: Walrus, topic: string, written: WrittenEntries | undefined): Promise<void> {
  const end = walrus.endOffset(topic)
  let calls = 0
  for (let offset = walrus.startOffset(topic); offset < end && calls < CALLS_MAX; calls += 1) {
    const entries = await unlessDamaged('reading', () => walrus.read(topic, offset, READ_LIMITS))
    if (entries === undefined || entries.length === 0) return
    for (const { offset: found, data } of entries) {
      expectThat(found >= offset, `offset ${found} of "${topic}" comes behind ${offset - 1}`)
      expectThat(written?.has(topic, found, data) ?? true, `offset ${found} of "${topic}" was never written so`)
      offset = found + 1
    }
  }
}

/** As a node of a cluster does it: segments, batches, states, further appends, a seal. */
async function useStorage(directory: BlockFileDirectory): Promise<void> {
  const storage = await unlessDamaged('opening', () => openLogStorage({ ...engineOptions(), directory }))
  if (storage === undefined) return
  for (const segment of storage.segments()) {
    let position = 0
    for (let calls = 0; calls < CALLS_MAX; calls += 1) {
      const batches = await unlessDamaged('reading batches', () => segment.readBatches(position, READ_LIMITS.maxBytes))
      const last = batches?.at(-1)
      if (last === undefined) break
      position = last.position + Math.max(1, last.entryCount)
    }
    await unlessDamaged('asking for a state', () => segment.stateAt(segment.position))
    await unlessDamaged('reading', () => segment.read(0, READ_LIMITS))
    if (!segment.sealed) await unlessDamaged('appending', async () => segment.append(Uint8Array.of(1)).done())
    await unlessDamaged('fencing', () => segment.fence(segment.fencedEpoch + 1))
    await unlessDamaged('sealing', () => segment.seal())
  }
  await unlessDamaged('closing', () => storage.close())
}
