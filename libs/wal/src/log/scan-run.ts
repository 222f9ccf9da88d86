import type { Checksum } from '@walrus/core'
import {
  BATCH_HEADER_BYTES,
  decodeControlPayload,
  readBatchHeader,
  type BatchHeader,
  type ControlRecord,
} from '@walrus/protocol'
import type { Run } from '../blocks/run.js'
import { FRAME_BYTES } from '../format/frame.js'
import { BatchScanner, type ScannedBatch } from './batch-scanner.js'
import { framesIn } from './frames-in.js'

const CHUNK_BYTES = 4 * 1024 * 1024

/** What a run that was not closed turned out to hold. */
export interface RunContent {
  readonly committedBytes: number
  /** Index after the last whole batch. */
  readonly endIndex: number
  /** Index after the last entry of which anything is left, whole or not. */
  readonly traceEndIndex: number
  readonly lastTimestampMs: number
  readonly controlRecords: readonly ControlRecord[]
  /** True when the first batch is the whole state of the topic. */
  readonly startsWithState: boolean
  /** Batches of this run stand behind the end: nothing may be written there under the same generation. */
  readonly residue: boolean
  /** True when the first batch behind the end is whole, but void: it must not come back when what replaced it is gone. */
  readonly endsBeforeVoid: boolean
  /** The most that any frame knew to be durable. */
  readonly durableBytes: number
  /** Set when bytes that were known durable are not whole. */
  readonly damage: { readonly position: number; readonly reason: string } | undefined
  /** Set when something of this run that does not count stands behind the end, and is no damage. */
  readonly tail: { readonly position: number; readonly reason: string } | undefined
}

/**
 * Reads a run from its start to the last whole batch, a closed one up to its end. What follows is a torn tail if it was never
 * known durable, and damage if it was: each frame says how far the run was durable when it was written, and so do frames
 * behind the gap.
 * @param indexMax batches that reach beyond this entry index are void: a later run took their place, or that of a part
 */
export async function scanRun(run: Run, knownBytes: number, indexMax: number, checksum: Checksum): Promise<RunContent> {
  const { file, generation, startPosition } = run
  const to = run.closed ? run.committedBytes : run.capacityBytes
  const range = { file, generation, startPosition, from: 0, to, chunkBytes: CHUNK_BYTES }
  const scanner = new BatchScanner(range, checksum)
  const content = new ContentBuilder(run, knownBytes)
  for (;;) {
    const scanned = await scanner.next()
    if (scanned.kind === 'end') return content.finish(undefined, NOTHING)
    if (scanned.kind === 'fault') return content.finish(scanned, await findBehind(run, scanned.position, checksum))
    const { control, firstIndex, entryCount } = scanned.header
    const isVoid = !control && firstIndex + entryCount > indexMax
    if (isVoid) return { ...content.finish(undefined, RESIDUE), endsBeforeVoid: true }
    const fault = content.faultOf(scanned)
    if (fault) return content.finish(fault, RESIDUE)
    content.add(scanned)
  }
}

class ContentBuilder {
  readonly #run: Run
  readonly #knownBytes: number
  #end = 0
  #endIndex: number
  #durableBytes = 0
  #lastTimestampMs = 0
  #controlRecords: ControlRecord[] = []
  #startsWithState = false

  constructor(run: Run, knownBytes: number) {
    this.#run = run
    this.#knownBytes = knownBytes
    this.#endIndex = run.firstIndex
  }

  /** Why a whole batch is not the next one of the run. */
  faultOf({ header, position, bytes, payloadStart, payloadEnd }: ScannedBatch): Fault | undefined {
    if (header.firstIndex !== this.#endIndex) return { position, reason: 'batch out of order' }
    if (!header.control) return undefined
    const records = decodeControlPayload(bytes.subarray(payloadStart, payloadEnd))
    if (typeof records !== 'string') return undefined
    return { position, reason: `control records: ${records}`, isDamage: true }
  }

  add(batch: ScannedBatch): void {
    const { header, frame, position } = batch
    this.#end = position + FRAME_BYTES + frame.batchBytes
    this.#durableBytes = Math.max(this.#durableBytes, frame.durableBytes)
    this.#lastTimestampMs = header.timestampMs
    if (header.control) return this.#addControl(batch)
    this.#run.index.add(header.firstIndex, position)
    this.#endIndex = header.firstIndex + header.entryCount
  }

  finish(fault: Fault | undefined, behind: Behind): RunContent {
    const durableBytes = Math.max(this.#durableBytes, behind.durableBytes, this.#knownBytes)
    const damaged = fault !== undefined && (fault.isDamage === true || fault.position < durableBytes)
    const begun = behind.found || fault?.begun === true
    return {
      committedBytes: this.#end,
      endIndex: this.#endIndex,
      traceEndIndex: Math.max(this.#endIndex, behind.endIndex, headerEnd(fault?.header)),
      lastTimestampMs: this.#lastTimestampMs,
      controlRecords: this.#controlRecords,
      startsWithState: this.#startsWithState,
      residue: behind.found,
      endsBeforeVoid: false,
      durableBytes,
      damage: damaged ? fault : undefined,
      tail: begun && !damaged ? fault : undefined,
    }
  }

  #addControl({ bytes, payloadStart, payloadEnd, position }: ScannedBatch): void {
    const records = decodeControlPayload(bytes.subarray(payloadStart, payloadEnd))
    if (typeof records === 'string') return
    if (position === 0) this.#startsWithState = records[0]?.kind === 'snapshot'
    this.#controlRecords.push(...records)
  }
}

interface Fault {
  readonly position: number
  readonly reason: string
  /** Damage wherever it stands: its checksum holds. */
  readonly isDamage?: boolean
  /** A batch of this run was written there. */
  readonly begun?: boolean
  /** Of the batch, where that much is whole. */
  readonly header?: BatchHeader
}

interface Behind {
  readonly found: boolean
  /** The most that any frame behind the fault knew to be durable. */
  readonly durableBytes: number
  /** Index after the last entry of which a header is left. */
  readonly endIndex: number
}

const NOTHING: Behind = { found: false, durableBytes: 0, endIndex: 0 }
const RESIDUE: Behind = { found: true, durableBytes: 0, endIndex: 0 }

/** What the frames behind a fault tell, as far as recovery looks. */
async function findBehind(run: Run, position: number, checksum: Checksum): Promise<Behind> {
  const length = Math.min(run.capacityBytes - position, CHUNK_BYTES)
  if (length < FRAME_BYTES) return NOTHING
  const bytes = await run.file.read(run.startPosition + position, length)
  let behind = NOTHING
  for (const frame of framesIn(bytes.subarray(1), position + 1, run, checksum))
    behind = {
      found: true,
      durableBytes: Math.max(behind.durableBytes, frame.durableBytes),
      endIndex: Math.max(behind.endIndex, endIndexAt(bytes, frame.position - position + FRAME_BYTES, checksum)),
    }
  return behind
}

/** Of the batch whose header stands there, if one does. */
function endIndexAt(bytes: Uint8Array, at: number, checksum: Checksum): number {
  if (at + BATCH_HEADER_BYTES > bytes.length) return 0
  const header = readBatchHeader(bytes, at, checksum)
  return typeof header === 'string' ? 0 : headerEnd(header)
}

function headerEnd(header: BatchHeader | undefined): number {
  return header ? header.firstIndex + header.entryCount : 0
}
