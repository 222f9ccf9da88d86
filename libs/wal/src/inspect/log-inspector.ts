import type { BlockFileDirectory, Checksum, StoredEntry } from '@walrus/core'
import type { FoundRun } from '../blocks/block-store.js'
import type { Generation } from '../format/block-slot.js'
import { hybridChecksum } from '../format/hybrid-checksum.js'
import type { RecoveredSegment } from '../log/recover-segment.js'
import { groupByTopic, recoverTopic, type TopicRuns } from '../log/recover-topic.js'
import type { Finding } from './finding.js'
import { FileInspector, type FileView, type InspectedFiles } from './inspected-files.js'
import { Progress } from './progress.js'
import { readEntries } from './read-entries.js'
import type { SegmentCheck, Tally } from './verify-segment.js'
import { verifyTopic } from './verify-topic.js'
import { startOffsetOf, viewBatch, viewTopic, type BatchView, type TopicView } from './views.js'
import { walkSegment } from './walk-segment.js'

/** What an inspector stands on. */
export interface LogInspectorOptions {
  /** Owned from now on. Nothing is created, written or removed in it. */
  readonly directory: BlockFileDirectory
  readonly checksum: Checksum
}

/** Who is told what, while a log is verified. */
export interface VerifyListener {
  /** It goes on when this resolves. */
  readonly onFinding: (finding: Finding) => void | Promise<void>
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}

/** What was read. */
export interface VerifySummary {
  /** No damage; notes are none. */
  readonly whole: boolean
  readonly damageCount: number
  readonly noteCount: number
  readonly fileCount: number
  readonly topicCount: number
  readonly segmentCount: number
  readonly batchCount: number
  readonly entryCount: number
  /** Of whole batches, with their framing. */
  readonly bytes: number
}

/**
 * Looks at the log of a directory that nobody is using, by the rules of recovery, and changes nothing. Damage is no error here: it
 * is what one looks for. Memory grows with runs, as in the engine, not with batches or entries.
 */
export class LogInspector {
  readonly #directory: BlockFileDirectory
  readonly #checksum: Checksum
  readonly #inspected: InspectedFiles
  readonly #topics: ReadonlyMap<string, TopicRuns>
  readonly #findings: Finding[]
  #reportedCount = 0

  private constructor(options: LogInspectorOptions, inspected: InspectedFiles, findings: Finding[]) {
    this.#directory = options.directory
    this.#checksum = options.checksum
    this.#inspected = inspected
    this.#topics = groupByTopic(inspected.found)
    this.#findings = findings
  }

  /** Reads the book-keeping of every file. Rejects with `IO_FAILED` where the directory cannot be read; it is then closed. */
  static async open(options: LogInspectorOptions): Promise<LogInspector> {
    const checksum = hybridChecksum(options.checksum)
    const findings: Finding[] = []
    try {
      const inspector = new FileInspector(options.directory, checksum, (finding) => findings.push(finding))
      return new LogInspector({ ...options, checksum }, await inspector.inspect(), findings)
    } catch (error) {
      await options.directory.close()
      throw error
    }
  }

  /** Files that can be trusted so far as to look into them, by name. */
  get files(): readonly FileView[] {
    return this.#inspected.files
  }

  /** What was found so far about the files themselves, whatever topic is in them. */
  get fileFindings(): readonly Finding[] {
    return this.#findings
  }

  /** Names, ascending. */
  get topics(): readonly string[] {
    return [...this.#topics.keys()].sort()
  }

  /** The topic as the engine would find it: reads what the engine would read. Empty for one that does not exist. */
  async topic(name: string): Promise<TopicView> {
    return viewTopic(name, await this.#recover(name))
  }

  /** Every whole batch of the topic, in order. What is not whole is left out: `verify` tells of it. */
  async *batches(topic: string): AsyncGenerator<BatchView, void, void> {
    for (const segment of await this.#recover(topic))
      for await (const walked of walkSegment(segment, this.#checksum))
        if (walked.kind === 'batch') yield viewBatch(walked)
  }

  /**
   * Entries of the topic from an offset on, or from the oldest that may be read. Rejects with `CORRUPT_DATA` where the next one cannot
   * be read, and names the offset at which readable ones go on: unlike the engine, this reads behind damage.
   */
  async *entries(topic: string, fromOffset = 0): AsyncGenerator<StoredEntry, void, void> {
    const segments = await this.#recover(topic)
    yield* readEntries(segments, Math.max(fromOffset, startOffsetOf(segments)), this.#checksum)
  }

  /** Reads everything and checks all that can be checked. Damage is told to the listener; it rejects only when it cannot go on. */
  async verify(listener: VerifyListener): Promise<VerifySummary> {
    const tally: Tally = { batchCount: 0, entryCount: 0, bytes: 0 }
    const counts = { damageCount: 0, noteCount: 0, segmentCount: 0 }
    const report = async (finding: Finding) => {
      counts[finding.severity === 'damage' ? 'damageCount' : 'noteCount'] += 1
      await listener.onFinding(finding)
    }
    const { found } = this.#inspected
    const progress = new Progress(found, listener.onProgress ?? (() => undefined))
    const onRead = (run: FoundRun, position: number) => progress.reach(run, position)
    const check = { checksum: this.#checksum, tally, onRead, runOfGeneration: byGeneration(found) }
    await this.#reportFiles(report)
    for (const topic of this.topics) {
      const segments = await this.#recover(topic)
      counts.segmentCount += segments.filter(({ start }) => start !== undefined).length
      for await (const finding of verifyTopic(segments, check)) await report(finding)
      await this.#reportFiles(report)
    }
    progress.finish()
    const fileCount = this.files.length
    return { whole: counts.damageCount === 0, ...counts, fileCount, topicCount: this.#topics.size, ...tally }
  }

  /** Closes the directory. Idempotent. */
  close(): Promise<void> {
    return this.#directory.close()
  }

  /** Ascending. */
  async #recover(topic: string): Promise<RecoveredSegment[]> {
    const runs = this.#topics.get(topic) ?? new Map<number, FoundRun[]>()
    const { slotsDamaged, isBeginningFreed } = this.#inspected
    const segments = await recoverTopic(runs, { checksum: this.#checksum, slotsDamaged, isBeginningFreed })
    return [...segments].reverse()
  }

  /** Places that cannot be read are found while others are verified. */
  async #reportFiles(report: (finding: Finding) => Promise<void>): Promise<void> {
    for (; this.#reportedCount < this.#findings.length; this.#reportedCount++) {
      const finding = this.#findings[this.#reportedCount]
      if (finding) await report(finding)
    }
  }
}

/** A generation is given out once in a file. */
function byGeneration(found: readonly FoundRun[]): SegmentCheck['runOfGeneration'] {
  const nameOf = (fileId: number, { openCount, sequence }: Generation) => `${fileId}/${openCount}.${sequence}`
  const runs = new Map(found.map((run) => [nameOf(run.file.fileId, run.slot.generation), run]))
  return (fileId, generation) => runs.get(nameOf(fileId, generation))
}
