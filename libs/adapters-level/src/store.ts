import { mkdir, open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { reasonOf, WalrusError } from '@walrus/core'
import { Level } from 'level'
import { DurableMark } from './durable-mark.js'
import { checkTables } from './leveldb/check-tables.js'

/** The files of one log. Keys sort as what they stand for does, values are records. */
export interface Store {
  /** In words, for error messages. */
  readonly name: string
  readonly database: Level<Buffer, Buffer>
  readonly mark: DurableMark
}

/** What is kept. */
export interface StoreLayout {
  /** In words, for error messages. */
  readonly what: string
  /** Name of the database below the directory. */
  readonly folder: string
}

/** Opens or creates the files below `directory`. Throws `DIRECTORY_LOCKED`, `CORRUPT_DATA` or `IO_FAILED`. */
export async function openStore(directory: string, { what, folder }: StoreLayout): Promise<Store> {
  try {
    await createDurably(resolve(directory))
    await checkTables(join(directory, folder))
    const encodings = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const
    const database = new Level<Buffer, Buffer>(join(directory, folder), encodings)
    await database.open()
    return { name: `the ${what} "${directory}"`, database, mark: await openMark(database, directory) }
  } catch (error) {
    throw openFailure(directory, error)
  }
}

export async function closeStore(store: Store): Promise<void> {
  await store.mark.close()
  await store.database.close()
}

/** What `read` reads. Throws `CORRUPT_DATA` or `IO_FAILED` naming the store when LevelDB cannot. */
export async function readFrom<Result>({ name }: Store, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    throw readFailure(name, error)
  }
}

/** The failure to read `where`, unless it is one that says so already. */
export function readFailure(where: string, thrown: unknown): WalrusError {
  if (thrown instanceof WalrusError) return thrown
  const code = codeOf(thrown as NodeJS.ErrnoException)
  return new WalrusError(code, `Cannot read ${where}: ${reasonOf(thrown)}`, thrown)
}

async function openMark(database: { close(): Promise<void> }, directory: string): Promise<DurableMark> {
  try {
    return await DurableMark.open(join(directory, 'durable-mark'))
  } catch (error) {
    await database.close()
    throw error
  }
}

/** A new directory survives a crash only once its parent is synced. */
async function createDurably(directory: string): Promise<void> {
  const topmost = await mkdir(directory, { recursive: true })
  if (topmost === undefined) return
  for (let created = directory; ; created = dirname(created)) {
    await syncDirectory(dirname(created))
    if (created === topmost) return
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** LevelDB wraps the reason in an error that only says that it did not open. */
function openFailure(directory: string, thrown: unknown): WalrusError {
  if (thrown instanceof WalrusError) return thrown
  const error = thrown as NodeJS.ErrnoException
  const cause = error.code === 'LEVEL_DATABASE_NOT_OPEN' ? (error.cause as NodeJS.ErrnoException) : error
  if (cause.code === 'LEVEL_LOCKED') {
    return new WalrusError('DIRECTORY_LOCKED', `Cannot open "${directory}": it is in use`, cause)
  }
  return new WalrusError(codeOf(cause), `Cannot open "${directory}": ${reasonOf(cause)}`, cause)
}

/** Not every corruption that LevelDB finds has its code. */
function codeOf(error: NodeJS.ErrnoException): 'CORRUPT_DATA' | 'IO_FAILED' {
  return error.code === 'LEVEL_CORRUPTION' || reasonOf(error).startsWith('Corruption:') ? 'CORRUPT_DATA' : 'IO_FAILED'
}
