import { WalrusError, type MetadataCommand, type MetadataResult } from '@walrus/core'
import type { NodeContext } from '../node-context.js'
import { backoffMs, pause } from '../pause.js'

/**
 * Proposes the command until its outcome is known: each command about a segment is a compare-and-set, so a repetition does no
 * harm. Rejects when `isWanted` is no longer true before the outcome is known.
 */
export async function proposeKnown(
  { metadata, clock, limits }: NodeContext,
  command: MetadataCommand,
  isWanted: () => boolean,
): Promise<MetadataResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await metadata.propose(command)
    } catch (error) {
      if (!isOutcomeUnknown(error) || !isWanted()) throw error
      await pause(clock, backoffMs(attempt, limits))
      if (!isWanted()) throw error
    }
  }
}

function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof WalrusError && (error.code === 'UNAVAILABLE' || error.code === 'TIMED_OUT')
}
