import { formatSegmentKey, segmentById, WalrusError, type SegmentKey, type SegmentMetadata } from '@walrus/core'
import type { NodeContext } from '../node-context.js'

/**
 * Resolves as soon as this node's metadata has the segment, and `isKnown` says that it is new enough. Whoever asks may have newer
 * metadata than this node: rejects with `UNAVAILABLE` when what it knows does not come within `limits.metadataWaitMs`. Those who
 * wait for the same change go on in the order in which they came; they look at the segment then, since it may have changed again.
 */
export async function awaitSegment(
  context: Pick<NodeContext, 'metadata' | 'clock' | 'limits'>,
  key: SegmentKey,
  isKnown: (segment: SegmentMetadata) => boolean,
): Promise<void> {
  const { metadata, clock, limits } = context
  const holds = (): boolean => {
    const segment = knownSegment(context, key)
    return segment !== undefined && isKnown(segment)
  }
  if (holds()) return
  await new Promise<void>((resolve, reject) => {
    const timer = clock.after(limits.metadataWaitMs, () => {
      unsubscribe()
      reject(new WalrusError('UNAVAILABLE', `Cannot use segment "${formatSegmentKey(key)}": metadata here is too old`))
    })
    const unsubscribe = metadata.subscribe(() => {
      if (!holds()) return
      timer.cancel()
      unsubscribe()
      resolve()
    })
  })
}

/** The segment as this node's metadata has it now. */
export function knownSegment(
  { metadata }: Pick<NodeContext, 'metadata'>,
  { topic: name, segment }: SegmentKey,
): SegmentMetadata | undefined {
  const topic = metadata.state.topics.get(name)
  return topic && segmentById(topic, segment)
}
