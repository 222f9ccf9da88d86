import type { ReadLimits, StoredEntry } from '@walrus/core'
import { Walrus } from '@walrus/wal'
import type { Cursors, Delivery, Ground, Removal, Subject, TopicBounds } from './subject.js'

/** The engine as a library. */
export class LibrarySubject implements Subject {
  readonly delivery: Delivery
  readonly cursors: Cursors
  readonly removal: Removal
  readonly #walrus: Walrus
  readonly #leaving = new Set<string>()

  private constructor(walrus: Walrus) {
    this.#walrus = walrus
    this.delivery = {
      next: (topic, limits, checkpoint) => nextOf(walrus, topic, limits, checkpoint),
      unreadCount: (topic) => walrus.unreadCount(topic),
    }
    this.cursors = {
      commit: (topic, name, offset) => commitCursor(walrus, topic, name, offset),
      position: (topic, name) => this.bounds(topic).endOffset - walrus.unreadCount(topic, name),
    }
    this.removal = {
      trim: (topic, beforeOffset) => this.#trim(topic, beforeOffset),
      remove: (topic) => this.#remove(topic),
      usable: (topic) => !this.#leaving.has(topic),
    }
  }

  static async open({ engine, ...machine }: Ground): Promise<LibrarySubject> {
    return new LibrarySubject(await Walrus.open({ ...engine, ...machine }))
  }

  topics(): readonly string[] {
    return this.#walrus.topics()
  }

  bounds(topic: string): TopicBounds {
    return { startOffset: this.#walrus.startOffset(topic), endOffset: this.#walrus.endOffset(topic) }
  }

  append(topic: string, entry: Uint8Array): Promise<number> {
    return this.#walrus.append(topic, entry)
  }

  readonly appendDurably = (topic: string, entry: Uint8Array): Promise<number> =>
    this.#walrus.append(topic, entry, { durable: true })

  readonly sealAtDamage = async (topic: string): Promise<number | undefined> =>
    (await this.#walrus.sealAtDamage(topic))?.nextOffset

  async appendBatch(topic: string, entries: readonly Uint8Array[]): Promise<number> {
    return (await this.#walrus.appendBatch(topic, entries)).firstOffset
  }

  read(topic: string, offset: number, limits: ReadLimits): Promise<readonly StoredEntry[]> {
    return this.#walrus.read(topic, offset, limits)
  }

  sync(): Promise<void> {
    return this.#walrus.sync()
  }

  close(): Promise<void> {
    return this.#walrus.close()
  }

  async #trim(topic: string, beforeOffset: number): Promise<number> {
    await this.#walrus.truncateBefore(topic, beforeOffset)
    await this.#walrus.sync()
    return beforeOffset
  }

  async #remove(topic: string): Promise<void> {
    this.#leaving.add(topic)
    await this.#walrus.deleteTopic(topic)
    this.#leaving.delete(topic)
  }
}

async function nextOf(
  walrus: Walrus,
  topic: string,
  limits: ReadLimits,
  checkpoint: boolean,
): Promise<readonly StoredEntry[]> {
  if (limits.maxEntries > 1) return walrus.readBatch(topic, { ...limits, checkpoint })
  const entry = await walrus.readNext(topic, { checkpoint })
  return entry ? [entry] : []
}

/** A strict cursor records where it is moved to; one that commits by hand does so when it is told to. */
async function commitCursor(walrus: Walrus, topic: string, name: string, offset: number): Promise<void> {
  const cursor = walrus.cursor(topic, name, name === 'manual' ? { kind: 'Manual' } : { kind: 'StrictlyAtOnce' })
  await cursor.seek({ offset })
  if (name === 'manual') await cursor.commit()
}
