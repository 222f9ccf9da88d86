import type { Sabotage } from '../fuzz/machine.js'
import type { Ground, Subject } from '../subject/subject.js'
import { sabotagedFiles, type FileFault } from './sabotaged-files.js'

/** Deliberate faults of an engine, by name: each breaks a promise, and each must be found. */
export const sabotages = {
  'acknowledges before the sync': onFiles((file) => ({
    write: (parts, position) => file.write(parts, position, false),
    sync: () => Promise.resolve(),
  })),
  'takes a failed write for a good one': onFiles((file) => ({
    write: (parts, position, durable) => file.write(parts, position, durable).catch(() => undefined),
  })),
  'uses generations again': onFiles((file) => ({
    write: (parts, position, durable) =>
      isOpenRecord(parts, position) ? Promise.resolve() : file.write(parts, position, durable),
  })),
  'checks no checksum': { ground: (ground) => ({ ...ground, checksum: () => 0 }) },
  'commits cursors late': {
    ground: (ground) => withEngine(ground, { consistency: { kind: 'AtLeastOnce', persistEvery: 1000 } }),
  },
  'acknowledges when written, though told to sync': {
    ground: (ground) => withEngine(ground, { fsync: { kind: 'none' } }),
  },
  'splits batches': {
    subject: (subject) =>
      changed(subject, { appendBatch: (topic, entries) => appendOneByOne(subject, topic, entries) }),
  },
  'gives an offset twice': {
    subject: (subject) =>
      changed(subject, { append: async (topic, entry) => earlier(await subject.append(topic, entry)) }),
  },
  'reads from the wrong place': {
    subject: (subject) =>
      changed(subject, { read: (topic, offset, limits) => subject.read(topic, earlier(offset), limits) }),
  },
  'keeps damage to itself': { ground: (ground) => ({ ...ground, onProblem: () => undefined }) },
} as const satisfies Readonly<Record<string, Sabotage>>

/** One of `sabotages`. */
export type SabotageName = keyof typeof sabotages

function onFiles(fault: FileFault): Sabotage {
  return { ground: (ground) => ({ ...ground, directory: sabotagedFiles(ground.directory, fault) }) }
}

function withEngine(ground: Ground, engine: Partial<Ground['engine']>): Ground {
  return { ...ground, engine: { ...ground.engine, ...engine } }
}

function changed(subject: Subject, change: Partial<Subject>): Subject {
  return {
    topics: () => subject.topics(),
    bounds: (topic) => subject.bounds(topic),
    append: (topic, entry) => subject.append(topic, entry),
    appendBatch: (topic, entries) => subject.appendBatch(topic, entries),
    read: (topic, offset, limits) => subject.read(topic, offset, limits),
    sync: () => subject.sync(),
    close: () => subject.close(),
    ...(subject.delivery && { delivery: subject.delivery }),
    ...(subject.appendDurably && { appendDurably: subject.appendDurably }),
    ...(subject.cursors && { cursors: subject.cursors }),
    ...(subject.removal && { removal: subject.removal }),
    ...(subject.roll && { roll: subject.roll }),
    ...change,
  }
}

/** The count of openings stands in either of two sectors behind the identity of a file. */
function isOpenRecord(parts: readonly Uint8Array[], position: number): boolean {
  return (position === 512 || position === 1024) && parts.length === 1 && parts[0]?.length === 512
}

async function appendOneByOne(subject: Subject, topic: string, entries: readonly Uint8Array[]): Promise<number> {
  const [first = 0] = await Promise.all(entries.map((entry) => subject.append(topic, entry)))
  return first
}

function earlier(offset: number): number {
  return offset > 5 ? offset - 1 : offset
}
