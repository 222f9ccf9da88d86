import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of one test. */
export interface TemporaryFolder {
  /** Absolute, without symbolic links. */
  readonly path: string
  /** Deletes the folder with all that is in it. Idempotent. */
  remove(): Promise<void>
}

/** Makes an empty folder that belongs to the caller, who removes it in `afterEach`. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(await realpath(tmpdir()), 'walrus-test-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
