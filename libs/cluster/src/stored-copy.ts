import type { LogStorage, SegmentKey, SegmentLog, SegmentMetadata } from '@walrus/core'

/**
 * What this node has stored of that very segment. What is left of a deleted topic with the same name was created under an older
 * epoch: it is none of it, however long it is.
 */
export function storedCopy(
  storage: LogStorage,
  key: SegmentKey,
  { createdEpoch }: Pick<SegmentMetadata, 'createdEpoch'>,
): SegmentLog | undefined {
  const log = storage.segment({ topic: key.topic, segment: key.segment })
  return log?.epoch === createdEpoch ? log : undefined
}
