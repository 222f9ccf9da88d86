import type { Random } from '@walrus/testing'

/** Something that reads bytes which somebody else wrote. */
export interface FuzzTarget {
  readonly name: string
  readonly about: string
  /** Inputs of one run of the tests: those that take long get fewer. */
  readonly testInputs: number
  /** Prepares what all inputs share. */
  readonly open: () => Promise<OpenTarget>
}

/** A target that takes inputs, until it is closed. */
export interface OpenTarget {
  /** A good input, from which bad ones are made. */
  readonly example: (random: Random) => Uint8Array
  /** The input with checksums that hold, so that what stands behind them is reached. Takes any bytes, and may change them. */
  readonly reseal?: (input: Uint8Array) => Uint8Array
  /**
   * Reads the input as the product does. Throws or rejects when a promise is broken; that the input is refused, in the way
   * that the reader's contract gives, is none.
   */
  readonly check: (input: Uint8Array) => void | Promise<void>
  readonly close: () => Promise<void>
}

/** A target that is a function: nothing to prepare, nothing to close. */
export function pureTarget(
  { name, about, testInputs = 3000 }: Pick<FuzzTarget, 'name' | 'about'> & { readonly testInputs?: number },
  parts: Pick<OpenTarget, 'example' | 'reseal'> & { readonly check: (input: Uint8Array) => void },
): FuzzTarget {
  const close = () => Promise.resolve()
  return { name, about, testInputs, open: () => Promise.resolve({ ...parts, close }) }
}
