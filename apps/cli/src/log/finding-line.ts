import type { Finding } from '@walrus/wal'

/** `DAMAGE file 000000000001 byte 69632 (1092 bytes), topic "logs" segment 1 offset 17 (3 entries): payload checksum`. */
export function findingLine(finding: Finding): string {
  const places = [filePlace(finding), logPlace(finding)].filter((place) => place !== '')
  const severity = finding.severity === 'damage' ? 'DAMAGE' : 'note'
  return `${[severity, places.join(', ')].filter((word) => word !== '').join(' ')}: ${finding.what}`
}

function filePlace({ file, byte, byteCount }: Finding): string {
  const words = [
    named('file', file),
    named('byte', byte),
    byteCount === undefined ? '' : `(${counted(byteCount, 'byte')})`,
  ]
  return words.filter((word) => word !== '').join(' ')
}

function logPlace({ topic, segment, offset, entryCount }: Finding): string {
  const lost = entryCount === undefined || entryCount === 0 ? '' : `(${counted(entryCount, 'entry', 'entries')})`
  const words = [named('topic', topic && `"${topic}"`), named('segment', segment), named('offset', offset), lost]
  return words.filter((word) => word !== '').join(' ')
}

function named(name: string, value: string | number | undefined): string {
  return value === undefined ? '' : `${name} ${value}`
}

/** `1 entry`, `3 entries`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
