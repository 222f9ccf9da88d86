import type { EventTrace, MetadataCommand } from '@walrus/core'

export type SealAndRoll = Extract<MetadataCommand, { readonly kind: 'SealAndRoll' }>

/** The command is about to be proposed, for the first time. */
export function traceSeal(
  trace: EventTrace | undefined,
  { topic, segment, epoch, entryCount, controlCount, nextLeader }: SealAndRoll,
  by: 'leader' | 'recovery' | 'operator',
): void {
  trace?.record({ kind: 'seal-proposed', topic, segment, epoch, by, entryCount, controlCount, nextLeader })
}
