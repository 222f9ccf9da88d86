/**
 * One record of a segment's log, as a small number: an entry is the operation that wrote it, a control batch is minus the
 * topic offset that it commits for the shared cursor.
 */
export type LogRecord = number

/** A client's wish to append one entry: producer and sequence in one number. */
export type Operation = number

const SEQUENCES = 10

export function operationOf(producer: number, sequence: number): Operation {
  return (producer + 1) * SEQUENCES + sequence
}

export function producerOf(operation: Operation): number {
  return Math.floor(operation / SEQUENCES) - 1
}

export function sequenceOf(operation: Operation): number {
  return operation % SEQUENCES
}

export function cursorRecord(offset: number): LogRecord {
  return -offset
}

export function isEntry(record: LogRecord): boolean {
  return record > 0
}

export function entryCount(log: readonly LogRecord[]): number {
  let count = 0
  for (const record of log) if (record > 0) count += 1
  return count
}

export function describeOperation(operation: Operation): string {
  return `${String.fromCharCode(97 + producerOf(operation))}${sequenceOf(operation)}`
}

/** `1 record`, `2 records`. */
export function counted(count: number, what: string): string {
  if (count === 1) return `1 ${what}`
  return what.endsWith('y')
    ? `${count} ${what.slice(0, -1)}ies`
    : what.endsWith('h')
      ? `${count} ${what}es`
      : `${count} ${what}s`
}

export function describeLog(log: readonly LogRecord[]): string {
  return log.map((record) => (isEntry(record) ? describeOperation(record) : `cursor=${-record}`)).join(' ')
}
