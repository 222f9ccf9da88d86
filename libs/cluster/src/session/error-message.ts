import { reasonOf, WalrusError } from '@walrus/core'

/** What stands behind `ERR ` for whatever was thrown. An expected failure speaks for itself; anything else is a defect. */
export function errorMessageOf(thrown: unknown): string {
  return thrown instanceof WalrusError ? thrown.message : `internal error: ${reasonOf(thrown)}`
}
