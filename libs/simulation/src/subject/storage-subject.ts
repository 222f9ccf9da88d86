import { formatSegmentKey, type LogStorage, type ReadLimits, type SegmentLog, type StoredEntry } from '@walrus/core'
import { openLogStorage, type SegmentStore } from '@walrus/wal'
import { expectPromise } from '../model/violation.js'
import type { Catalogue, SegmentRow } from './catalogue.js'
import { SegmentChain } from './segment-chain.js'
import type { Cursors, Ground, Removal, Subject, TopicBounds } from './subject.js'

/** The engine as a node of a cluster uses it: segments that somebody else keeps a catalogue of. */
export class StorageSubject implements Subject {
  readonly cursors: Cursors
  readonly removal: Removal
  readonly #storage: SegmentStore
  readonly #catalogue: Catalogue
  readonly #segmentBytesMax: number
  readonly #chains = new Map<string, SegmentChain>()

  private constructor(storage: SegmentStore, catalogue: Catalogue, segmentBytesMax: number) {
    this.#storage = storage
    this.#catalogue = catalogue
    this.#segmentBytesMax = segmentBytesMax
    this.cursors = {
      commit: (topic, name, offset) => this.#chain(topic).commitCursor(name, offset),
      position: (topic, name) => this.#chains.get(topic)?.open.topicState.cursors.get(name),
    }
    this.removal = {
      trim: (topic) => this.#trim(topic),
      remove: (topic) => this.#remove(topic),
      usable: (topic) => !(this.#chains.get(topic)?.leaving ?? false),
    }
  }

  readonly roll = (topic: string): Promise<void> => this.#chain(topic).roll()

  static async open({ engine, ...machine }: Ground, catalogue: Catalogue): Promise<StorageSubject> {
    const storage = await openLogStorage({ ...engine, ...machine })
    compareSegments(storage, catalogue)
    const subject = new StorageSubject(storage, catalogue, engine.segmentBytesMax)
    for (const topic of catalogue.topics.keys()) subject.#chain(topic)
    return subject
  }

  topics(): readonly string[] {
    return [...this.#chains.keys()].sort()
  }

  bounds(topic: string): TopicBounds {
    return this.#chains.get(topic)?.bounds ?? { startOffset: 0, endOffset: 0 }
  }

  async append(topic: string, entry: Uint8Array): Promise<number> {
    return this.#chain(topic).append([entry.slice()], false)
  }

  async appendBatch(topic: string, entries: readonly Uint8Array[]): Promise<number> {
    return this.#chain(topic).append(entries, true)
  }

  async read(topic: string, offset: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    return (await this.#chains.get(topic)?.read(offset, limits)) ?? []
  }

  sync(): Promise<void> {
    return this.#storage.sync()
  }

  close(): Promise<void> {
    return this.#storage.close()
  }

  async #trim(topic: string): Promise<number> {
    const chain = this.#chain(topic)
    if (!chain.trimmable) return chain.bounds.startOffset
    await this.#storage.sync()
    return chain.trim()
  }

  async #remove(topic: string): Promise<void> {
    await this.#chain(topic).removeAll()
    this.#chains.delete(topic)
    this.#catalogue.topics.delete(topic)
  }

  #chain(topic: string): SegmentChain {
    const known = this.#chains.get(topic)
    if (known) return known
    const made = new SegmentChain(this.#storage, topic, this.#catalogue.rowsOf(topic), this.#segmentBytesMax)
    this.#chains.set(topic, made)
    return made
  }
}

/** What the storage found must be what the catalogue says; of what was being removed, what is left. */
function compareSegments(storage: LogStorage, { topics }: Catalogue): void {
  const known = new Set<string>()
  for (const [topic, rows] of [...topics]) {
    const left = rows.filter(({ segment, leaving }) => !leaving || storage.segment({ topic, segment }))
    rows.splice(0, rows.length, ...left)
    if (left.length === 0) topics.delete(topic)
    for (const row of left) {
      known.add(formatSegmentKey({ topic, segment: row.segment }))
      compareRow(storage.segment({ topic, segment: row.segment }), topic, row)
    }
  }
  for (const segment of storage.segments()) {
    const key = formatSegmentKey(segment)
    expectPromise(known.has(key), () => `segment ${key} came back, it was removed or never made`)
  }
}

function compareRow(stored: SegmentLog | undefined, topic: string, row: SegmentRow): void {
  row.leaving = false
  const key = formatSegmentKey({ topic, segment: row.segment })
  if (!stored) return expectPromise((row.sealedCount ?? 0) === 0, () => `segment ${key} is missing, it was sealed`)
  const { baseOffset, epoch } = stored
  expectPromise(baseOffset === row.baseOffset && epoch === row.epoch, () => {
    return `segment ${key} starts at ${baseOffset} in epoch ${epoch}, not at ${row.baseOffset} in epoch ${row.epoch}`
  })
  if (row.sealedCount === undefined) return
  expectPromise(stored.sealed && stored.entryCount === row.sealedCount, () => {
    const found = `${stored.sealed ? '' : 'not '}sealed with ${stored.entryCount} entries`
    return `segment ${key} is ${found}, it was sealed with ${row.sealedCount}`
  })
}
