import { performance } from 'node:perf_hooks'
import { backOff } from './backoff.js'
import { mayPass } from './binary-exchange.js'
import type { Entries, Entry, ReadOptions } from './reads.js'

export interface TailOptions {
  /** Offset of the first entry; `oldest` unless told. `newest`: only what comes from now on. */
  readonly from?: number | 'oldest' | 'newest'
  /** Ends the iteration, quietly and at once. */
  readonly signal?: AbortSignal
  /** How long the broker may be out of reach before the iteration throws; default 60,000. */
  readonly patienceMs?: number
  readonly maxEntries?: number
  readonly maxBytes?: number
}

/** Reads from an offset on, as `WalrusClient.fetch`. */
export type FetchFrom = (offset: number, options: ReadOptions) => Promise<Entries>

const PATIENCE_MS = 60_000
const POLL_MS = 10_000

/** Entry after entry, for as long as somebody iterates: at the end it waits for more. */
export async function* tail(fetch: FetchFrom, options: TailOptions): AsyncGenerator<Entry, void, undefined> {
  const { signal } = options
  let offset = typeof options.from === 'number' ? options.from : 0
  if (options.from === 'newest') {
    const end = await persistently(() => fetch(0, { maxEntries: 0 }), options)
    if (end === undefined) return
    offset = end.highWatermark
  }
  for (;;) {
    const read = { maxWaitMs: POLL_MS, ...boundsOf(options) }
    const entries = await persistently(() => fetch(offset, read), options)
    if (entries === undefined) return
    for (const entry of entries.entries) {
      if (signal?.aborted) return
      yield entry
    }
    offset = entries.nextOffset
  }
}

/** Repeats what fails for a reason that may pass; undefined when the signal is aborted. */
async function persistently<Value>(call: () => Promise<Value>, options: TailOptions): Promise<Value | undefined> {
  const { signal, patienceMs = PATIENCE_MS } = options
  const deadlineMs = performance.now() + patienceMs
  for (let attempt = 1; signal?.aborted !== true; attempt += 1) {
    try {
      return await orAborted(call(), signal)
    } catch (error) {
      if (!mayPass(error) || performance.now() >= deadlineMs) throw error
      await backOff(attempt, signal)
    }
  }
  return undefined
}

function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value | undefined> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const give = (): void => resolve(undefined)
    signal.addEventListener('abort', give, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}

function boundsOf({ maxEntries, maxBytes }: TailOptions): ReadOptions {
  return { ...(maxEntries === undefined ? {} : { maxEntries }), ...(maxBytes === undefined ? {} : { maxBytes }) }
}
