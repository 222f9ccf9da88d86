import type { Run } from '../blocks/run.js'
import type { StoreFile } from '../blocks/store-file.js'
import type { StoredSegment } from '../log/stored-segment.js'
import type { SegmentCommit } from './segment-commit.js'

/** Runs that hold committed bytes which no sync has covered yet. */
export class UnsyncedRuns {
  readonly #byFile = new Map<StoreFile, Map<Run, StoredSegment>>()

  add(commit: SegmentCommit): void {
    for (const run of commit.runsTouched) {
      const runs = this.#byFile.get(run.file)
      if (runs) runs.set(run, commit.segment)
      else this.#byFile.set(run.file, new Map([[run, commit.segment]]))
    }
  }

  /** Syncs what was added before this call, and tells the segments. Waits for all files; rejects with the first failure. */
  async sync(): Promise<void> {
    const results = await Promise.allSettled([...this.#byFile.keys()].map((file) => this.#syncFile(file)))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  async #syncFile(file: StoreFile): Promise<void> {
    const runs = [...(this.#byFile.get(file) ?? [])]
    const written = runs.map(([run, segment]) => ({ run, segment, bytes: run.committedBytes }))
    this.#byFile.delete(file)
    await file.sync()
    for (const { run, segment, bytes } of written) segment.noteDurable(run, bytes)
  }
}
