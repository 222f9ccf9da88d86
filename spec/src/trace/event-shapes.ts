import {
  integer,
  list,
  oneOf,
  optional,
  parseCommand,
  record,
  text,
  topicNameFault,
  type NodeId,
  type Parsed,
  type Parser,
  type ProtocolEvent,
} from '@walrus/core'

/** An event as a line of a trace has it: which node it was, and how many events of this life of the node it is, from 1. */
export type TracedEvent = ProtocolEvent & { readonly node: NodeId; readonly number: number }

/** The event that a line tells of, checked, or what is wrong with the line. Never throws. */
export function parseEvent(line: string): Parsed<TracedEvent> {
  let input: unknown
  try {
    input = JSON.parse(line)
  } catch (error) {
    return { ok: false, fault: `is not JSON: ${(error as Error).message}` }
  }
  const kind = (input as { readonly kind?: unknown } | null)?.kind
  const shape =
    typeof kind === 'string' && Object.hasOwn(SHAPES, kind) ? SHAPES[kind as ProtocolEvent['kind']] : undefined
  if (shape === undefined) return { ok: false, fault: 'has no kind that is known' }
  return shape(input)
}

const count = integer(0)
const head = { node: integer(1), number: integer(1) }
const topic = text(topicNameFault)
const segment = { topic, segment: integer(1) }
const underEpoch = { ...segment, epoch: integer(1) }
const counts = { entryCount: count, controlCount: count }
const name = text(() => undefined)

type EventOf<Kind extends ProtocolEvent['kind']> = Extract<TracedEvent, { readonly kind: Kind }>

const SHAPES: { readonly [Kind in ProtocolEvent['kind']]: Parser<EventOf<Kind>> } = {
  'copy-found': record({
    ...head,
    kind: oneOf('copy-found'),
    ...segment,
    ...counts,
    createdEpoch: count,
    fencedEpoch: count,
    sealed: oneOf(true, false),
    damaged: oneOf(true, false),
  }),
  'node-opened': record({ ...head, kind: oneOf('node-opened'), version: count }),
  'node-closed': record({ ...head, kind: oneOf('node-closed') }),
  'metadata-applied': record({
    ...head,
    kind: oneOf('metadata-applied'),
    version: integer(1),
    command: parseCommand,
    outcome: oneOf('applied', 'unchanged', 'rejected'),
  }),
  'metadata-restored': record({ ...head, kind: oneOf('metadata-restored'), version: count }),
  'segment-opened': record({
    ...head,
    kind: oneOf('segment-opened'),
    ...underEpoch,
    entryCount: count,
    cursors: offsets,
  }),
  appended: record<EventOf<'appended'>>({
    ...head,
    kind: oneOf('appended'),
    ...underEpoch,
    position: count,
    entryCount: count,
    cursors: optional(offsets),
    producer: optional(record<{ id: number; sequence: number }>({ id: integer(1), sequence: count })),
  }),
  committed: record({ ...head, kind: oneOf('committed'), ...underEpoch, position: count }),
  'seal-proposed': record({
    ...head,
    kind: oneOf('seal-proposed'),
    ...underEpoch,
    ...counts,
    by: oneOf('leader', 'recovery', 'operator'),
    nextLeader: integer(1),
  }),
  taken: record({ ...head, kind: oneOf('taken'), ...underEpoch, position: count, end: count }),
  stored: record({ ...head, kind: oneOf('stored'), ...underEpoch, position: count }),
  fenced: record({ ...head, kind: oneOf('fenced'), ...underEpoch, ...counts, createdEpoch: count }),
  fetched: record({ ...head, kind: oneOf('fetched'), ...underEpoch, source: integer(1), position: count, end: count }),
  copied: record({ ...head, kind: oneOf('copied'), ...underEpoch, position: count }),
  truncated: record({ ...head, kind: oneOf('truncated'), ...segment, position: count }),
  removed: record({ ...head, kind: oneOf('removed'), ...segment }),
  'recovery-decided': record({
    ...head,
    kind: oneOf('recovery-decided'),
    ...underEpoch,
    ...counts,
    reports: list(record<Report>({ node: integer(1), createdEpoch: count, ...counts }), 64),
  }),
  delivered: record({ ...head, kind: oneOf('delivered'), topic, cursor: name, offset: count, entryCount: count }),
  'cursor-moved': record({ ...head, kind: oneOf('cursor-moved'), topic, cursor: name, offset: count }),
}

type Report = EventOf<'recovery-decided'>['reports'][number]

/** Topic offsets by cursor. */
function offsets(input: unknown): Parsed<Readonly<Record<string, number>>> {
  if (typeof input !== 'object' || input === null) return { ok: false, fault: 'must be offsets by cursor' }
  const found: [string, number][] = []
  for (const [cursor, offset] of Object.entries(input)) {
    const parsed = count(offset)
    if (!parsed.ok) return { ok: false, fault: `has a cursor that ${parsed.fault}` }
    found.push([cursor, parsed.value])
  }
  return { ok: true, value: Object.fromEntries(found) }
}
