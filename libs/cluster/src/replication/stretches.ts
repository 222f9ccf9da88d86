import type { EncodedBatch } from '@walrus/core'

/** The batches in runs of at most `bytesMax`, unless a single batch is larger. None is empty. */
export function stretchesOf(batches: readonly EncodedBatch[], bytesMax: number): readonly (readonly EncodedBatch[])[] {
  const stretches: EncodedBatch[][] = []
  let bytes = Infinity
  for (const batch of batches) {
    bytes += batch.bytes.length
    const open = stretches.at(-1)
    if (open !== undefined && bytes <= bytesMax) open.push(batch)
    else {
      stretches.push([batch])
      bytes = batch.bytes.length
    }
  }
  return stretches
}
