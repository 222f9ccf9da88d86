import { WalrusError, type Checksum, type StoredEntry } from '@walrus/core'
import { EntryReader } from '@walrus/protocol'
import type { RecoveredSegment, ScannedRun } from '../log/recover-segment.js'
import type { SegmentStart } from '../log/segment-start.js'
import { contentFault } from './content-fault.js'
import { walkSegment, type SegmentFault, type WalkedBatch } from './walk-segment.js'

/**
 * The entries of a topic from an offset on, those behind damage too: it throws `CORRUPT_DATA` where some are missing, and says
 * at which offset to go on.
 * @param segments ascending
 */
export async function* readEntries(
  segments: readonly RecoveredSegment[],
  fromOffset: number,
  checksum: Checksum,
): AsyncGenerator<StoredEntry, void, void> {
  let next = fromOffset
  let isOldest = true
  for (const segment of segments) {
    const { start } = segment
    if (!start) continue
    if (start.baseOffset > next && !isOldest) throw segmentsMissing(start, next)
    isOldest = false
    next = Math.max(next, start.baseOffset)
    if (!start.damage && start.baseOffset + start.entryCount <= next) continue
    for await (const walked of walkSegment(segment, checksum, next - start.baseOffset)) {
      if (walked.kind === 'fault') checkFault(walked, start, next)
      else for (const entry of entriesOf(walked, start, next)) next = (yield entry, entry.offset + 1)
    }
  }
}

/** What is lost before the entry that comes next does no harm. */
function checkFault({ scanned, position, lost, reason }: SegmentFault, start: SegmentStart, next: number): void {
  const lostOffset = start.baseOffset + lost.from
  const goOnOffset = start.baseOffset + lost.to
  if (goOnOffset > next)
    throw cannotRead(start, placeOf(scanned, position), Math.max(next, lostOffset), reason, goOnOffset)
}

/** All entries of a batch from an offset on, or none of them. */
function* entriesOf({ scanned, batch }: WalkedBatch, start: SegmentStart, fromOffset: number): Generator<StoredEntry> {
  const { header, bytes, payloadStart, payloadEnd } = batch
  let offset = start.baseOffset + header.firstIndex
  const endOffset = offset + header.entryCount
  if (header.control || endOffset <= fromOffset) return
  const fault = header.compressed ? 'it is compressed, which this release does not read' : contentFault(batch)
  if (fault !== undefined)
    throw cannotRead(start, placeOf(scanned, batch.position), Math.max(fromOffset, offset), fault, endOffset)
  const reader = new EntryReader(bytes, payloadStart, payloadEnd, header.entryCount)
  for (; reader.next(); offset++) {
    const data = bytes.subarray(reader.start, reader.end)
    if (offset >= fromOffset) yield { offset, timestampMs: header.timestampMs, data }
  }
}

function placeOf({ run }: ScannedRun, position: number): string {
  return `file ${run.file.name} at byte ${run.startPosition + position}`
}

function cannotRead(
  { topic, segment }: SegmentStart,
  place: string,
  offset: number,
  reason: string,
  goOnOffset: number,
): WalrusError {
  const what = `Cannot read offset ${offset} of topic "${topic}" segment ${segment} (${place})`
  const goOn = goOnOffset === Infinity ? 'the rest of it is lost' : `what is readable goes on at offset ${goOnOffset}`
  return new WalrusError('CORRUPT_DATA', `${what}: ${reason}; ${goOn}`)
}

function segmentsMissing({ topic, baseOffset }: SegmentStart, next: number): WalrusError {
  const reason = `its segment is missing; what is readable goes on at offset ${baseOffset}`
  return new WalrusError('CORRUPT_DATA', `Cannot read offset ${next} of topic "${topic}": ${reason}`)
}
