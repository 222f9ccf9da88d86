import { memoryUsage } from 'node:process'
import { reasonOf } from '@walrus/core'
import { expectThat } from './expectation.js'
import type { OpenTarget } from './fuzz-target.js'

/** What one input may leave behind that is not collected yet, beside a multiple of its own size. */
export const MEMORY_BYTES_MAX = 64 * 1024 * 1024
const MEMORY_FACTOR_MAX = 64

/** Gives the input to the target, and looks at what that cost. Undefined: no promise was broken; otherwise which. */
export async function checkInput(target: OpenTarget, input: Uint8Array): Promise<string | undefined> {
  const before = memoryUsage()
  try {
    // A copy: what reads bytes may keep views of them, and never changes them.
    const given = input.slice()
    await target.check(given)
    expectThat(Buffer.compare(given, input) === 0, 'its reader has changed the input')
    const after = memoryUsage()
    const allowed = MEMORY_BYTES_MAX + MEMORY_FACTOR_MAX * input.length
    for (const kind of ['arrayBuffers', 'heapUsed'] as const) {
      const grown = after[kind] - before[kind]
      expectThat(grown <= allowed, `${input.length} bytes of input took ${grown} bytes of ${kind}`)
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : reasonOf(error)
  }
}
