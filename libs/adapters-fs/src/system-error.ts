import { constants } from 'node:os'
import { getSystemErrorMap, getSystemErrorName } from 'node:util'
import { reasonOf, WalrusError } from '@walrus/core'

/** The expected failure behind an error of the system: `DISK_FULL` or `IO_FAILED`, the thrown one as its cause. */
export function ioError(action: string, path: string, thrown: unknown): WalrusError {
  if (thrown instanceof WalrusError) return thrown
  const full = hasCode(thrown, 'ENOSPC') || hasCode(thrown, 'EDQUOT')
  return new WalrusError(
    full ? 'DISK_FULL' : 'IO_FAILED',
    `Cannot ${action} "${path}": ${systemReason(thrown)}`,
    thrown,
  )
}

/** The error of a native call, as `node:fs` makes them. */
export function systemError(errno: number, call: string): Error & { readonly code: string } {
  const code = getSystemErrorName(-errno)
  return Object.assign(new Error(`${code}: ${call}`), { code, errno: -errno, syscall: call })
}

/** Whether the system gave this reason, such as `ENOENT`. */
export function hasCode(thrown: unknown, code: string): boolean {
  return codeOf(thrown) === code
}

/** The system's own words, then its code: `no space left on device (ENOSPC)`. */
export function systemReason(thrown: unknown): string {
  const code = codeOf(thrown)
  const number = (constants.errno as Record<string, number>)[code ?? '']
  const [, words] = (number === undefined ? undefined : getSystemErrorMap().get(-number)) ?? []
  return words === undefined ? reasonOf(thrown) : `${words} (${code})`
}

function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined
  return typeof thrown.code === 'string' ? thrown.code : undefined
}
