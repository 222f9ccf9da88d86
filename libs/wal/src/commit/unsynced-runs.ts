import type { Run } from '../blocks/run.js'
import type { StoreFile } from '../blocks/store-file.js'
import type { CommittingSegment, SegmentCommit } from './segment-commit.js'

/** Runs that hold committed bytes which no sync has covered yet. */
export class UnsyncedRuns {
  #byFile = new Map<StoreFile, Map<Run, CommittingSegment>>()
  #syncing: Promise<void> = Promise.resolve()

  add(commit: SegmentCommit): void {
    for (const run of commit.runsTouched) this.#add(run, commit.segment)
  }

  /**
   * Syncs what was added before this call, and tells the segments. Waits for all files; rejects with the first failure,
   * and so does each later call: what a failed sync lost is never on stable storage.
   */
  sync(): Promise<void> {
    const syncAll = (): Promise<void> => this.#syncAll()
    this.#syncing = this.#syncing.then(syncAll, syncAll)
    return this.#syncing
  }

  /** A run tells of the runs before it that they are durable, so all files are waited for before any segment is told. */
  async #syncAll(): Promise<void> {
    const unsynced = [...this.#byFile]
    this.#byFile = new Map()
    const results = await Promise.allSettled(unsynced.map(([file, runs]) => this.#syncFile(file, runs)))
    for (const result of results) if (result.status === 'fulfilled') result.value()
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Resolves with what there is to tell. */
  async #syncFile(file: StoreFile, runs: ReadonlyMap<Run, CommittingSegment>): Promise<() => void> {
    const written = [...runs].map(([run, segment]) => ({ run, segment, bytes: run.committedBytes }))
    try {
      await file.sync()
    } catch (error) {
      for (const { run, segment } of written) this.#add(run, segment)
      throw error
    }
    return () => {
      for (const { run, segment, bytes } of written) segment.noteDurable(run, bytes)
    }
  }

  #add(run: Run, segment: CommittingSegment): void {
    const runs = this.#byFile.get(run.file)
    if (runs) runs.set(run, segment)
    else this.#byFile.set(run.file, new Map([[run, segment]]))
  }
}
