import { WalrusClient } from '@walrus/client'
import type { Recorder } from '../recorder.js'

/** What a client of the run works with. */
export interface ClientContext {
  /** Names it in the history. */
  readonly name: string
  readonly topic: string
  readonly recorder: Recorder
  /** The client port of the node that sits there now. */
  readonly port: () => number
  /** Entries each second at most. */
  readonly rate: number
}

/** A client of the run: it works until it is told to stop, and resolves when all that it began has its outcome. */
export interface LoadClient {
  run(stop: AbortSignal): Promise<void>
}

/** A connection to whoever sits on the seat; undefined, after a pause, when there is none to be had. */
export async function connectTo({ port, recorder }: ClientContext): Promise<WalrusClient | undefined> {
  try {
    return await WalrusClient.connect({
      host: '127.0.0.1',
      port: port(),
      timeoutMs: CALL_TIMEOUT_MS,
      reconnectMs: 0,
    })
  } catch (error) {
    recorder.failed(codeOf(error))
    await pause(RECONNECT_MS)
    return undefined
  }
}

/** The code of a client's error, with that of the broker where it gave one. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return 'OTHER'
  if ('brokerCode' in error && typeof error.brokerCode === 'string') return error.brokerCode
  return String(error.code)
}

export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}

/** Codes of calls of which nothing was sent. */
export const UNSENT: ReadonlySet<string> = new Set(['CANNOT_CONNECT', 'CLIENT_CLOSED'])

/** Longer than a broker lets a request wait. */
export const CALL_TIMEOUT_MS = 6000
const RECONNECT_MS = 100
