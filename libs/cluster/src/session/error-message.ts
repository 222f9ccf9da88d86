import { reasonOf, WalrusError, type ErrorCode } from '@walrus/core'

/** What stands behind `ERR ` for whatever was thrown. An expected failure speaks for itself; anything else is a defect. */
export function errorMessageOf(thrown: unknown): string {
  return thrown instanceof WalrusError ? thrown.message : `internal error: ${reasonOf(thrown)}`
}

/** What a program is told. After a defect nobody knows what was done. */
export function errorCodeOf(thrown: unknown): ErrorCode {
  return thrown instanceof WalrusError ? thrown.code : 'UNAVAILABLE'
}
