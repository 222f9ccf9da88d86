import {
  WalrusError,
  type CommitTicket,
  type EventTrace,
  type Producer,
  type ReadLimits,
  type SegmentLog,
  type StoredEntry,
  type TopicState,
} from '@walrus/core'
import type { OpenSegment, SegmentEnd } from '../open-segment.js'
import { WriterTrace } from '../tracing/writer-trace.js'
import { isDiskFull } from './disk-full.js'

/** An open segment of which this node has the only copy: what its disk has is committed. */
export class LocalSegment implements OpenSegment {
  readonly topic: string
  readonly segment: number
  readonly baseOffset: number
  readonly epoch: number
  readonly #log: SegmentLog
  readonly #trace: WriterTrace | undefined
  #stopped: WalrusError | undefined

  constructor(log: SegmentLog, trace?: EventTrace) {
    this.topic = log.topic
    this.segment = log.segment
    this.baseOffset = log.baseOffset
    this.epoch = log.epoch
    this.#log = log
    this.#trace = WriterTrace.of(trace, log)
  }

  get sealed(): boolean {
    return this.#log.sealed
  }
  get isStopped(): boolean {
    return this.#stopped !== undefined && this.#stopped.code !== 'SEGMENT_SEALED'
  }
  get appendedCount(): number {
    return this.#log.appendedCount
  }
  get committedCount(): number {
    return this.#log.entryCount
  }
  get sizeBytes(): number {
    return this.#log.sizeBytes
  }
  get createdMs(): number {
    return this.#log.createdMs
  }
  get topicState(): TopicState {
    return this.#log.topicState
  }

  append(entry: Uint8Array): CommitTicket {
    if (this.#stopped !== undefined) throw this.#stopped
    return this.#traced(this.#log.append(entry))
  }

  appendBatch(entries: readonly Uint8Array[], producer?: Producer): CommitTicket {
    if (this.#stopped !== undefined) throw this.#stopped
    return this.#traced(this.#log.appendBatch(entries, producer))
  }

  commitCursor(name: string, offset: number): CommitTicket {
    if (this.#stopped !== undefined) throw this.#stopped
    return this.#traced(this.#log.commitCursor(name, offset))
  }

  read(fromIndex: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    return this.#log.read(fromIndex, limits)
  }

  onCommit(listener: () => void): () => void {
    return this.#log.onCommit(listener)
  }

  drain(): Promise<void> {
    return this.#log.drain()
  }

  async seal(): Promise<SegmentEnd> {
    const isFinal = await this.#recordEnd()
    const { entryCount, position } = this.#log
    return { entryCount, controlCount: position - entryCount, isFinal }
  }

  /** Whether the end is on the disk, so that the next life of this node does not go on behind it. */
  async #recordEnd(): Promise<boolean> {
    try {
      await this.#log.seal()
      // What was never written to has no place on the disk, and so none for its end.
      return this.#log.position > 0
    } catch (error) {
      // A full disk has no room to record the end. What was acknowledged is on it all the same, and metadata will know.
      if (!isDiskFull(error)) throw error
      await this.#log.drain()
      return false
    }
  }

  stop(reason: WalrusError): void {
    this.#stopped = reason
  }

  /** What is in flight is settled by the disk alone. */
  resolveSealed(): void {
    this.#stopped ??= new WalrusError('SEGMENT_SEALED', `Cannot append to "${this.topic}": the segment is sealed`)
  }

  /** Only who calls `stop` stops it. */
  onStop(): void {
    return undefined
  }

  /** Nobody else seals it before what its disk has. */
  onDisplaced(): void {
    return undefined
  }

  /** There is no other copy that it could be repaired from. */
  onDamage(): void {
    return undefined
  }

  /** No copy can have what the disk refuses. */
  onFailure(): void {
    return undefined
  }

  #traced(ticket: CommitTicket): CommitTicket {
    return this.#trace === undefined ? ticket : this.#trace.follow(ticket)
  }
}
