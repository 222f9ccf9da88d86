import type { Sabotage } from '../fuzz/machine.js'
import type { ReadLimits, StoredEntry } from '@walrus/core'
import type { Delivery, Ground, Subject } from '../subject/subject.js'
import { sabotagedFiles, type FileFault } from './sabotaged-files.js'

const FREE = 0
const SEALED = 3

/** Deliberate faults of an engine, by name: each breaks a promise, and each must be found. */
export const sabotages = {
  'acknowledges before the sync': onFiles((file) => ({
    write: (parts, position) => file.write(parts, position, false),
    sync: () => Promise.resolve(),
  })),
  'takes a failed write for a good one': onFiles((file) => ({
    write: (parts, position, durable) => file.write(parts, position, durable).catch(() => undefined),
  })),
  'takes a failed sync for a good one': onFiles((file) => ({
    write: (parts, position, durable) =>
      file.write(parts, position, durable).catch((error: unknown) => (durable ? undefined : Promise.reject(error))),
    sync: () => file.sync().catch(() => undefined),
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
  'drops what nobody has read': {
    ground: (ground) =>
      ground.engine.retention?.consumed === true ? withEngine(ground, { retention: { bytes: 1 } }) : ground,
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
  'forgets cursors': {
    subject: (subject) =>
      changed(subject, subject.cursors && { cursors: { ...subject.cursors, commit: () => Promise.resolve() } }),
  },
  'delivers without recording it': {
    subject: (subject) => changed(subject, subject.delivery && { delivery: withoutCheckpoints(subject.delivery) }),
  },
  'does not record what it frees': onFiles((file) => ({
    write: (parts, position, durable) =>
      isSlot(parts, FREE) ? Promise.resolve() : file.write(parts, position, durable),
  })),
  'does not record seals': onFiles((file) => ({
    write: (parts, position, durable) =>
      isSlot(parts, SEALED) ? Promise.resolve() : file.write(parts, position, durable),
  })),
  'skips what is damaged': {
    subject: (subject) => changed(subject, { read: (topic, offset, limits) => readOn(subject, topic, offset, limits) }),
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

function changed(subject: Subject, change: Partial<Subject> | undefined): Subject {
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
    ...(subject.sealAtDamage && { sealAtDamage: subject.sealAtDamage }),
    ...(subject.removal && { removal: subject.removal }),
    ...(subject.roll && { roll: subject.roll }),
    ...change,
  }
}

/** The count of openings stands in either of two sectors behind the identity of a file. */
function isOpenRecord(parts: readonly Uint8Array[], position: number): boolean {
  return (position === 512 || position === 1024) && parts.length === 1 && parts[0]?.length === 512
}

/** A slot of a table that says so; its state is the byte behind magic and version. */
function isSlot([slot, ...more]: readonly Uint8Array[], state: number): boolean {
  return more.length === 0 && slot?.length === 512 && slot[5] === state && textOf(slot.subarray(0, 4)) === 'WBLK'
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

function withoutCheckpoints(delivery: Delivery): Delivery {
  return { ...delivery, next: (topic, limits) => delivery.next(topic, limits, false) }
}

async function readOn(
  subject: Subject,
  topic: string,
  offset: number,
  limits: ReadLimits,
): Promise<readonly StoredEntry[]> {
  const entries = await subject.read(topic, offset, limits).catch(() => undefined)
  const isEnd = offset >= subject.bounds(topic).endOffset
  return entries ?? (isEnd ? [] : readOn(subject, topic, offset + 1, limits))
}

async function appendOneByOne(subject: Subject, topic: string, entries: readonly Uint8Array[]): Promise<number> {
  const [first = 0] = await Promise.all(entries.map((entry) => subject.append(topic, entry)))
  return first
}

function earlier(offset: number): number {
  return offset > 5 ? offset - 1 : offset
}
