import { copyFile, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  nativeChecksum,
  openFdBlockFiles,
  openMmapBlockFiles,
  probeMmap,
  systemClock,
  type BackendProbe,
} from '@walrus/adapters-fs'
import { MemoryBlockFiles, MemoryDisk } from '@walrus/adapters-memory'
import { openUringBlockFiles, probeUring } from '@walrus/adapters-uring'
import type { BlockFileDirectory } from '@walrus/core'
import { temporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { SMALL } from '../harness.test.js'
import type { WalrusOptions } from '../walrus-options.js'
import { Walrus } from '../walrus.js'

/** What a test may choose of an instance. */
export type Settings = Partial<Omit<WalrusOptions, 'directory'>>

/** Where the instances of one test live; all of it is closed and removed when the test is over. */
export interface Place {
  /** Opens an instance, with small blocks, files and segments unless told; that it reports no problem is checked at the end. */
  readonly open: (settings?: Settings, directory?: string) => Promise<Walrus>
  /** Opens a copy of the files as they are at this moment: what a killed process leaves. */
  readonly openAsKilled: (settings?: Settings, directory?: string) => Promise<Walrus>
  /** Writes other bytes over the first place that holds these. */
  readonly overwrite: (bytes: Uint8Array, others: Uint8Array) => Promise<void>
  /** Names of the block files of a directory. */
  readonly fileNames: (directory?: string) => Promise<readonly string[]>
  /** Puts a file beside the block files of the first directory, where such a thing can be. */
  readonly addForeignFile: (name: string, bytes: Uint8Array) => Promise<void>
  /** The first block file of the first directory, as it is at this moment. */
  readonly firstFile: () => Promise<Uint8Array>
}

/** Sizes as they are when nobody says otherwise. */
export const USUAL_SIZES = {
  blockBytes: 64 * 1024,
  fileBytes: 256 * 1024 * 1024,
  segmentBytesMax: 64 * 1024 * 1024,
} as const

/** Runs the tests once for each storage backend. */
export function forEachBackend(tests: (place: Place) => void): void {
  for (const backend of BACKENDS) describeOn(backend, tests)
}

/** As `forEachBackend`, without those that keep everything in memory: for tests of more than it should hold. */
export function forEachBackendOnDisk(tests: (place: Place) => void): void {
  for (const backend of BACKENDS) if (backend.name !== 'memory') describeOn(backend, tests)
}

function describeOn({ name, home }: Backend, tests: (place: Place) => void): void {
  describe(`on ${name}`, () => {
    const fixture = new Fixture(home)
    beforeEach(() => fixture.begin())
    afterEach(() => fixture.end())
    tests({
      open: (settings, directory) => fixture.open(settings, directory),
      openAsKilled: (settings, directory) => fixture.openAsKilled(settings, directory),
      overwrite: (bytes, others) => fixture.home.overwrite(FIRST_DIRECTORY, bytes, others),
      fileNames: (directory) => fixture.home.fileNames(directory ?? FIRST_DIRECTORY),
      addForeignFile: (name, bytes) => fixture.home.addForeignFile(FIRST_DIRECTORY, name, bytes),
      firstFile: () => fixture.home.firstFile(FIRST_DIRECTORY),
    })
  })
}

const FIRST_DIRECTORY = 'data'
const SMALL_SIZES: Settings = { ...SMALL, segmentBytesMax: 32 * 1024 }

interface Backend {
  readonly name: string
  /** A home of its own for each test. */
  readonly home: () => Promise<Home>
}

const BACKENDS: readonly Backend[] = [
  { name: 'fd', home: () => folderHome(openFdBlockFiles) },
  ...whereAvailable('mmap', probeMmap(), openMmapBlockFiles),
  ...whereAvailable('uring', probeUring(), openUringBlockFiles),
  { name: 'memory', home: async () => memoryHome() },
]

/** Native backends are tested where they could be built and the system lets them; elsewhere it is said why not. */
function whereAvailable(name: string, probe: BackendProbe, open: OpenDirectory): Backend[] {
  if (probe.available) return [{ name, home: () => folderHome(open) }]
  process.stderr.write(`The engine is not tested on ${name} here: ${probe.reason}\n`)
  return []
}

type OpenDirectory = (path: string) => Promise<BlockFileDirectory>

/** Directories of block files that belong to one test, by name. */
interface Home {
  openDirectory(directory: string): Promise<BlockFileDirectory>
  copy(from: string, to: string): Promise<void>
  overwrite(directory: string, bytes: Uint8Array, others: Uint8Array): Promise<void>
  fileNames(directory: string): Promise<readonly string[]>
  addForeignFile(directory: string, name: string, bytes: Uint8Array): Promise<void>
  firstFile(directory: string): Promise<Uint8Array>
  remove(): Promise<void>
}

class Fixture {
  readonly #makeHome: () => Promise<Home>
  readonly #opened: Walrus[] = []
  #problems: string[] = []
  #copyCount = 0
  #home: Home | undefined

  constructor(makeHome: () => Promise<Home>) {
    this.#makeHome = makeHome
  }

  get home(): Home {
    if (!this.#home) throw new Error('No test is running')
    return this.#home
  }

  async begin(): Promise<void> {
    this.#home = await this.#makeHome()
    this.#problems = []
  }

  async end(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((walrus) => walrus.close()))
    await this.home.remove()
    expect(this.#problems, 'problems that nobody asked for').to.deep.equal([])
  }

  async open(settings: Settings = {}, directory = FIRST_DIRECTORY): Promise<Walrus> {
    const walrus = await Walrus.open({
      clock: systemClock(),
      checksum: nativeChecksum,
      onProblem: (error) => this.#problems.push(error.message),
      ...SMALL_SIZES,
      ...settings,
      directory: await this.home.openDirectory(directory),
    })
    this.#opened.push(walrus)
    return walrus
  }

  async openAsKilled(settings?: Settings, directory = FIRST_DIRECTORY): Promise<Walrus> {
    const copy = `copy-${++this.#copyCount}`
    await this.home.copy(directory, copy)
    return this.open(settings, copy)
  }
}

async function folderHome(openDirectory: OpenDirectory): Promise<Home> {
  const folder = await temporaryFolder()
  const blockFiles = async (directory: string): Promise<string[]> => {
    const names = await readdir(join(folder.path, directory))
    return names.filter((name) => name.endsWith('.blocks')).sort()
  }
  return {
    openDirectory: (directory) => openDirectory(join(folder.path, directory)),
    fileNames: blockFiles,
    firstFile: async (directory) => readFile(join(folder.path, directory, (await blockFiles(directory))[0] ?? '')),
    addForeignFile: (directory, name, bytes) => writeFile(join(folder.path, directory, name), bytes),
    remove: () => folder.remove(),
    copy: async (from, to) => {
      await mkdir(join(folder.path, to))
      for (const name of await blockFiles(from))
        await copyFile(join(folder.path, from, name), join(folder.path, to, name))
    },
    overwrite: async (directory, bytes, others) => {
      for (const name of await blockFiles(directory)) {
        const path = join(folder.path, directory, name)
        const position = (await readFile(path)).indexOf(bytes)
        if (position >= 0) return writeAt(path, position, others)
      }
      throw new Error('No file holds these bytes')
    },
  }
}

async function writeAt(path: string, position: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, position)
  await file.close()
}

function memoryHome(): Home {
  const disks = new Map<string, MemoryDisk>()
  const diskOf = (directory: string): MemoryDisk => {
    const disk = disks.get(directory) ?? new MemoryDisk()
    disks.set(directory, disk)
    return disk
  }
  return {
    openDirectory: (directory) => MemoryBlockFiles.open(diskOf(directory)),
    fileNames: async (directory) => [...diskOf(directory).files.keys()].sort(),
    firstFile: async (directory) => [...diskOf(directory).files.values()][0]?.slice() ?? new Uint8Array(),
    addForeignFile: () => Promise.resolve(),
    remove: async () => disks.clear(),
    copy: async (from, to) => {
      for (const [name, bytes] of diskOf(from).files) diskOf(to).files.set(name, bytes.slice())
    },
    overwrite: async (directory, bytes, others) => {
      for (const file of diskOf(directory).files.values()) {
        const position = Buffer.from(file.buffer, file.byteOffset, file.length).indexOf(bytes)
        if (position >= 0) return file.set(others, position)
      }
      throw new Error('No file holds these bytes')
    },
  }
}
