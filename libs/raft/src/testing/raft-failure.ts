import { RaftError } from '../core/errors.js'

/** What `work` failed with, which must be an expected failure. */
export async function raftFailure(work: Promise<unknown>): Promise<RaftError> {
  try {
    await work
  } catch (error) {
    if (error instanceof RaftError) return error
    throw error
  }
  throw new Error('expected a failure')
}
