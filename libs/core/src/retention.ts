import type { TopicConfig } from './metadata/model.js'

/** What retention has to know of a sealed segment. */
export interface SealedSize {
  readonly segment: number
  /** On the disk of a node that has a copy. */
  readonly sizeBytes: number
  /** Wall-clock milliseconds of its newest batch. */
  readonly lastAppendMs: number
}

/** What a topic keeps. */
export type RetentionLimits = Pick<TopicConfig, 'retentionMs' | 'retentionBytes'>

/**
 * The last segment that a topic gives up now, with all before it; undefined when it keeps everything. `sealed` are its sealed
 * segments from the oldest on, as far as they are known, and `newerBytes` the size of what follows them. By time a segment
 * goes when its newest entry is too old; by bytes when what is left without it is still as much as is to be kept.
 */
export function decideTrim(
  sealed: readonly SealedSize[],
  newerBytes: number,
  { retentionMs, retentionBytes }: RetentionLimits,
  wallMs: number,
): number | undefined {
  let leftBytes = newerBytes + sealed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  let last: number | undefined
  for (const { segment, sizeBytes, lastAppendMs } of sealed) {
    leftBytes -= sizeBytes
    const isOld = retentionMs > 0 && wallMs - lastAppendMs >= retentionMs
    const isSurplus = retentionBytes > 0 && leftBytes >= retentionBytes
    if (!isOld && !isSurplus) break
    last = segment
  }
  return last
}
