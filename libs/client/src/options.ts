import type { Address, DialerOptions } from './dialer.js'
import { ClientError } from './errors.js'

export interface WalrusClientOptions {
  /** Name or address of a node, IPv6 without brackets. */
  readonly host?: string
  readonly port?: number
  /** Several nodes of one cluster, in place of `host` and `port`: the first one that takes a connection is used. */
  readonly addresses?: readonly Address[]
  /** Longest wait for a connection, and for the reply of each call; 1 to 3,600,000, default 10,000. */
  readonly timeoutMs?: number
  /** Largest reply that is taken in; 1 to 2^32 − 1, default 64 MiB. */
  readonly replyBytesMax?: number
  /** How long a call may wait for another connection after one was lost; 0 to 3,600,000, default 1,000. 0: one attempt. */
  readonly reconnectMs?: number
}

const TIMEOUT_MS_DEFAULT = 10_000
const TIMEOUT_MS_MAX = 3_600_000
const RECONNECT_MS_DEFAULT = 1000
const REPLY_BYTES_DEFAULT = 64 * 1024 * 1024
const REPLY_BYTES_MAX = 0xffff_ffff

/** The options with their defaults. Throws `INVALID_ARGUMENT`. */
export function checkedOptions(options: WalrusClientOptions): DialerOptions {
  const { timeoutMs = TIMEOUT_MS_DEFAULT, replyBytesMax = REPLY_BYTES_DEFAULT } = options
  const { reconnectMs = RECONNECT_MS_DEFAULT } = options
  check('timeoutMs', timeoutMs, { min: 1, max: TIMEOUT_MS_MAX })
  check('replyBytesMax', replyBytesMax, { min: 1, max: REPLY_BYTES_MAX })
  check('reconnectMs', reconnectMs, { min: 0, max: TIMEOUT_MS_MAX })
  return { addresses: checkedAddresses(options), timeoutMs, replyBytesMax, reconnectMs }
}

function checkedAddresses({ host, port, addresses }: WalrusClientOptions): readonly Address[] {
  const all = addresses ?? (host === undefined || port === undefined ? [] : [{ host, port }])
  if (all.length === 0) throw new ClientError('INVALID_ARGUMENT', 'Cannot connect: no address is given')
  for (const address of all) check('port', address.port, { min: 1, max: 65_535 })
  return all.map((address) => ({ host: address.host, port: address.port }))
}

/** Throws `INVALID_ARGUMENT` for what is not a whole number within the bounds, both included. */
export function check(name: string, value: number, { min, max }: { readonly min: number; readonly max: number }): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  const message = `Cannot use ${name} "${value}": it is no whole number from ${min} to ${max}`
  throw new ClientError('INVALID_ARGUMENT', message)
}
