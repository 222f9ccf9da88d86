import type { ReadLimits, StoredEntry } from '@walrus/core'
import type { Topic } from './topic.js'

/** Where a tail starts, and what ends it. */
export interface TailOptions {
  /** Default: `end`, entries that are appended from now on. An offset that is no longer kept starts at the oldest. */
  readonly from?: 'start' | 'end' | number
  /** Ends the loop with the signal's reason. */
  readonly signal?: AbortSignal
}

const READ_AHEAD: ReadLimits = { maxEntries: 1000, maxBytes: 256 * 1024 }

/**
 * Every entry from a position on, and then each that is appended, as it is committed. The next is read only when it is asked
 * for, so a slow consumer costs no memory. Ends when `closing` is aborted; throws the reason when `signal` is.
 */
export async function* tailOf(topic: Topic, options: TailOptions, closing: AbortSignal): AsyncGenerator<StoredEntry> {
  const { signal } = options
  let offset = startOf(topic, options.from ?? 'end')
  while (!closing.aborted) {
    signal?.throwIfAborted()
    const entries = await topic.read(offset, READ_AHEAD)
    for (const entry of entries) {
      yield entry
      if (closing.aborted) return
      signal?.throwIfAborted()
      offset = entry.offset + 1
    }
    if (entries.length === 0) await progressBeyond(topic, offset, signal ? [signal, closing] : [closing])
  }
}

function startOf(topic: Topic, from: 'start' | 'end' | number): number {
  if (from === 'start') return 0
  return from === 'end' ? topic.endOffset : from
}

/** Resolves when an entry is committed at `offset` or later, or a signal is aborted. */
function progressBeyond(topic: Topic, offset: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      stopListening()
      for (const signal of signals) signal.removeEventListener('abort', finish)
      resolve()
    }
    const check = (): void => {
      if (topic.endOffset > offset || signals.some((signal) => signal.aborted)) finish()
    }
    const stopListening = topic.onProgress(check)
    for (const signal of signals) signal.addEventListener('abort', finish)
    check()
  })
}
