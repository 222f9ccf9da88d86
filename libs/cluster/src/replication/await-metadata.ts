import { formatSegmentKey, segmentById, WalrusError, type SegmentKey, type SegmentMetadata } from '@walrus/core'
import type { NodeContext } from '../node-context.js'

/**
 * The segment, as soon as this node's metadata has it and `isKnown` says that it is new enough. Whoever asks may have newer
 * metadata than this node: rejects with `UNAVAILABLE` when what it knows does not come within `limits.metadataWaitMs`. Those who
 * wait for the same change go on in the order in which they came.
 */
export async function awaitSegment(
  context: Pick<NodeContext, 'metadata' | 'clock' | 'limits'>,
  key: SegmentKey,
  isKnown: (segment: SegmentMetadata) => boolean,
): Promise<SegmentMetadata> {
  const { metadata, clock, limits } = context
  const known = knownSegment(context, key)
  if (known !== undefined && isKnown(known)) return known
  return await new Promise((resolve, reject) => {
    const timer = clock.after(limits.metadataWaitMs, () => {
      unsubscribe()
      reject(new WalrusError('UNAVAILABLE', `Cannot use segment "${formatSegmentKey(key)}": metadata here is too old`))
    })
    const unsubscribe = metadata.subscribe(() => {
      const segment = knownSegment(context, key)
      if (segment === undefined || !isKnown(segment)) return
      timer.cancel()
      unsubscribe()
      resolve(segment)
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
