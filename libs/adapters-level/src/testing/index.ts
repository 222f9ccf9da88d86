import { join } from 'node:path'
import { Level } from 'level'
import { recoverRaftLog, type RecoveredLog } from '../raft/recover-raft-log.js'

export { maskedCrc32c } from '../leveldb/crc32c.js'
export { tableFault } from '../leveldb/check-table.js'
export { liveTables } from '../leveldb/live-tables.js'
export { resealRecord } from '../record.js'
export type { RecoveredLog } from '../raft/recover-raft-log.js'

/** One key with its value, as LevelDB holds them. */
export type StoredRecord = readonly [key: Buffer, value: Buffer]

/** All records of a log that nobody has open, in the order of their keys. */
export async function recordsOf(directory: string): Promise<readonly StoredRecord[]> {
  const encodings = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const
  const database = new Level<Buffer, Buffer>(join(directory, 'log'), encodings)
  try {
    return await database.iterator().all()
  } finally {
    await database.close()
  }
}

/** What a node that starts makes of these records, whose order is that of their keys. Rejects as opening the log does. */
export function recoverRecords(records: readonly StoredRecord[]): Promise<RecoveredLog> {
  const database = { iterator: () => asyncOf(records) }
  return recoverRaftLog({ name: 'the Raft log', database, mark: { read: () => Promise.resolve(0) } }, CACHE_BYTES_MAX)
}

const CACHE_BYTES_MAX = 1024 * 1024

async function* asyncOf<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items
}
