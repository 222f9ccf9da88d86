import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { ClientError } from './errors.js'

/** Where to connect, and how long to try. */
export interface SocketOptions {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  /** Gives up when it is aborted; of no effect on a socket that is open. */
  readonly signal: AbortSignal
}

/** A connected socket that sends small writes at once. Rejects with `CANNOT_CONNECT`. */
export async function openSocket(options: SocketOptions): Promise<Socket> {
  const { host, port, timeoutMs, signal } = options
  const socket = connect({ host, port, noDelay: true })
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    await once(socket, 'connect', { signal: AbortSignal.any([signal, timeout]) })
    return socket
  } catch (error) {
    socket.destroy()
    const reason = timeout.aborted ? `no answer within ${timeoutMs} ms` : socketReason(error as Error)
    throw new ClientError('CANNOT_CONNECT', `Cannot connect to "${endpoint(options)}": ${reason}`, error)
  }
}

/** The address as people write it: IPv6 in brackets. */
export function endpoint({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name not found',
}

/** A system error in words. A name with several addresses fails with one error that has a code and no message. */
export function socketReason(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  return (code === undefined ? undefined : REASONS[code]) ?? (error.message || String(code))
}
