import { isDeepStrictEqual } from 'node:util'
import { WalrusError, type ErrorCode } from '@walrus/core'

/** A promise that an input has broken. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

/** Throws unless the condition holds. */
export function expectThat(holds: boolean, what: string): asserts holds {
  if (!holds) throw new BrokenPromise(what)
}

/** Throws unless both are the same, to the last field. */
export function expectSame(found: unknown, expected: unknown, what: string): void {
  expectThat(isDeepStrictEqual(found, expected), what)
}

/** True when the error is one of these refusals, and says something; false for anything else that is thrown. */
export function isRefusal(thrown: unknown, codes: readonly ErrorCode[]): boolean {
  return thrown instanceof WalrusError && codes.includes(thrown.code) && thrown.message.length > 0
}
