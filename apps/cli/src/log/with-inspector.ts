import { nativeChecksum, openFdBlockFilesReadOnly } from '@walrus/adapters-fs'
import { LogInspector } from '@walrus/wal'
import { findLogDirectory } from './find-log-directory.js'

/**
 * Lets `use` look at the log of a directory that nobody owns, and closes it whatever became of it. Rejects with `DIRECTORY_LOCKED`
 * when an owner is there, or has come meanwhile: then nothing that was seen can be relied on.
 */
export async function withInspector<T>(
  path: string,
  use: (inspector: LogInspector, logPath: string) => Promise<T>,
): Promise<T> {
  const logPath = await findLogDirectory(path)
  const directory = await openFdBlockFilesReadOnly(logPath)
  const inspector = await LogInspector.open({ directory, checksum: nativeChecksum })
  try {
    const result = await use(inspector, logPath)
    await directory.checkUnowned()
    return result
  } finally {
    await inspector.close()
  }
}
