import type { AddressInfo, Server } from 'node:net'
import { reasonOf, WalrusError } from '@walrus/core'

export interface ListenOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** For whom, as an error names them. */
  readonly callers: string
}

/**
 * Takes the port, and resolves with where it listens: host:port, with the port that was taken.
 * @throws WalrusError `UNAVAILABLE` when it cannot be
 */
export function listen(server: Server, { host, port, callers }: ListenOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) => {
      const reason = REASONS[error.code ?? ''] ?? reasonOf(error)
      const message = `Cannot listen for ${callers} on "${hostAndPort(host, port)}": ${reason}`
      reject(new WalrusError('UNAVAILABLE', message, error))
    }
    server.once('error', refused)
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', refused)
      resolve(hostAndPort(host, (server.address() as AddressInfo).port))
    })
  })
}

export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Connections that the system keeps for us while we are busy. */
const BACKLOG = 1024

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'the address is not one of this machine',
  ENOTFOUND: 'the host is unknown',
}
