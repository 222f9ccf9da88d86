import type { BatchView, CursorView, FileView, RunView, SegmentView } from '@walrus/wal'
import { table } from '../plain-table.js'
import { timeText } from './entry-words.js'

export function fileTable(files: readonly FileView[]): string {
  const head = ['FILE', 'bytes', 'block', 'blocks', 'used', 'opened', 'created']
  return table(
    head,
    files.map((file) => [
      file.name,
      ...[file.sizeBytes, file.blockBytes, file.blockCount, file.usedBlockCount, file.openCount],
      timeText(file.createdMs),
    ]),
  )
}

export function segmentTable(segments: readonly SegmentView[]): string {
  const head = [
    'TOPIC',
    'segment',
    'offset',
    'entries',
    'control',
    'runs',
    'bytes',
    'epoch',
    'fenced',
    'state',
    'created',
  ]
  return table(
    head,
    segments.map((segment) => [
      segment.topic,
      ...[segment.segment, segment.baseOffset, segment.entryCount, segment.controlCount, segment.runCount],
      ...[segment.sizeBytes, segment.epoch, segment.fencedEpoch],
      segment.damage === undefined ? segment.state : 'DAMAGED',
      timeText(segment.createdMs),
    ]),
  )
}

export function runTable(runs: readonly RunView[]): string {
  const head = [
    'BLOCKS OF',
    'segment',
    'run',
    'offset',
    'entries',
    'bytes',
    'of',
    'blocks',
    'from',
    'byte',
    'file',
    'state',
  ]
  return table(
    head,
    runs.map((run) => [
      run.topic,
      ...[run.segment, run.run, run.firstOffset, run.entryCount, run.sizeBytes, run.capacityBytes],
      ...[run.blockCount, run.firstBlock, run.byte, run.file],
      run.use === 'used' ? run.state : run.use,
    ]),
  )
}

export function cursorTable(cursors: readonly CursorView[]): string {
  return table(
    ['CURSOR OF', 'cursor', 'offset'],
    cursors.map(({ topic, cursor, offset }) => [topic, cursor, offset]),
  )
}

/** The head of the lines of batches, which are too many for a table. */
export function batchHead(): string {
  return batchColumns(['BATCH OF', 'segment', 'offset', 'entries', 'payload', 'kind', 'byte', 'file', 'time'])
}

export function batchLine(batch: BatchView): string {
  return batchColumns([
    batch.topic,
    ...[batch.segment, batch.firstOffset, batch.entryCount, batch.payloadBytes].map(String),
    batch.kind,
    ...[String(batch.byte), batch.file, timeText(batch.timestampMs)],
  ])
}

const BATCH_WIDTHS = [20, 7, 10, 7, 9, 7, 12, 12, 0]

function batchColumns(cells: readonly string[]): string {
  const columns = cells.map((cell, at) =>
    at === 0 ? cell.padEnd(BATCH_WIDTHS[0] ?? 0) : cell.padStart(BATCH_WIDTHS[at] ?? 0),
  )
  return `${columns.join('  ').trimEnd()}\n`
}
