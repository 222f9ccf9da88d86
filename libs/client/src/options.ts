import type { ConnectionOptions } from './connection.js'
import { ClientError } from './errors.js'

export interface WalrusClientOptions {
  /** Name or address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** Longest wait for a connection, and for the reply of each call; 1 to 3,600,000, default 10,000. */
  readonly timeoutMs?: number
  /** Largest reply that is taken in; 1 to 2^32 − 1, default 64 MiB. */
  readonly replyBytesMax?: number
}

const TIMEOUT_MS_DEFAULT = 10_000
const TIMEOUT_MS_MAX = 3_600_000
const REPLY_BYTES_DEFAULT = 64 * 1024 * 1024
const REPLY_BYTES_MAX = 0xffff_ffff

/** The options with their defaults. Throws `INVALID_ARGUMENT`. */
export function checkedOptions(options: WalrusClientOptions): Omit<ConnectionOptions, 'signal'> {
  const { host, port, timeoutMs = TIMEOUT_MS_DEFAULT, replyBytesMax = REPLY_BYTES_DEFAULT } = options
  check('port', port, 65_535)
  check('timeoutMs', timeoutMs, TIMEOUT_MS_MAX)
  check('replyBytesMax', replyBytesMax, REPLY_BYTES_MAX)
  return { host, port, timeoutMs, replyBytesMax }
}

function check(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return
  const message = `Cannot use ${name} "${value}": it is no whole number from 1 to ${max}`
  throw new ClientError('INVALID_ARGUMENT', message)
}
