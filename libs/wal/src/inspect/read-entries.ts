import { WalrusError, type Checksum, type StoredEntry } from '@walrus/core'
import { EntryReader } from '@walrus/protocol'
import type { RecoveredSegment } from '../log/recover-segment.js'
import type { SegmentStart } from '../log/stored-segment.js'
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
      else for (const entry of entriesOf(walked, next)) next = (yield entry, entry.offset + 1)
    }
  }
}

/** What is lost before the entry that comes next does no harm. */
function checkFault({ scanned, position, lost, reason }: SegmentFault, start: SegmentStart, next: number): void {
  const toOffset = start.baseOffset + lost.to
  if (toOffset <= next) return
  const { run } = scanned
  const place = `file ${run.file.name} at byte ${run.startPosition + position}`
  const goOn = toOffset === Infinity ? 'the rest of it is lost' : `what is readable goes on at offset ${toOffset}`
  throw cannotRead(start, Math.max(next, start.baseOffset + lost.from), ` (${place})`, `${reason}; ${goOn}`)
}

function segmentsMissing(start: SegmentStart, next: number): WalrusError {
  const { topic, baseOffset } = start
  const reason = `its segment is missing; what is readable goes on at offset ${baseOffset}`
  return new WalrusError('CORRUPT_DATA', `Cannot read offset ${next} of topic "${topic}": ${reason}`)
}

function cannotRead({ topic, segment }: SegmentStart, offset: number, place: string, reason: string): WalrusError {
  const what = `Cannot read offset ${offset} of topic "${topic}" segment ${segment}${place}`
  return new WalrusError('CORRUPT_DATA', `${what}: ${reason}`)
}

function* entriesOf({ scanned, batch }: WalkedBatch, fromOffset: number): Generator<StoredEntry> {
  const { header, bytes, payloadStart, payloadEnd } = batch
  if (header.control) return
  const { baseOffset, topic, segment } = scanned.found.slot
  let offset = baseOffset + header.firstIndex
  if (offset + header.entryCount <= fromOffset) return
  const reader = new EntryReader(bytes, payloadStart, payloadEnd, header.entryCount)
  for (; reader.next(); offset++) {
    const data = bytes.subarray(reader.start, reader.end)
    if (offset >= fromOffset) yield { offset, timestampMs: header.timestampMs, data }
  }
  if (reader.fault === undefined) return
  const { run } = scanned
  const place = `file ${run.file.name} at byte ${run.startPosition + batch.position}`
  const what = `Cannot read offset ${offset} of topic "${topic}" segment ${segment} (${place})`
  const goOn = `what is readable goes on at offset ${baseOffset + header.firstIndex + header.entryCount}`
  throw new WalrusError('CORRUPT_DATA', `${what}: payload is no list of entries: ${reader.fault}; ${goOn}`)
}
