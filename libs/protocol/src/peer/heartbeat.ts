import { peerBody, type PeerBody } from './peer-body.js'

/*
 * A sign of life; the question is empty (spec/peer-format.md).
 *
 *   answer    ┌──────────┬─────────────────────┐
 *             │ flags u8 │ metadataVersion u64 │
 *             └──────────┴─────────────────────┘
 */

/** What a node says of itself. */
export interface HeartbeatAnswer {
  /** How much of the metadata it has applied. */
  readonly metadataVersion: number
  /** It is about to stop: it wants no new segment. */
  readonly leaving: boolean
  /** Its disk was full lately: it wants no new segment. */
  readonly diskFull: boolean
}

export const heartbeatAnswer: PeerBody<HeartbeatAnswer> = peerBody({
  write: ({ metadataVersion, leaving, diskFull }, output) => {
    output.u8((leaving ? LEAVING : 0) | (diskFull ? DISK_FULL : 0))
    output.u64(metadataVersion)
  },
  read: (input) => {
    const flags = input.u8()
    if (flags > (LEAVING | DISK_FULL)) input.fail('range')
    return {
      metadataVersion: input.u64(),
      leaving: (flags & LEAVING) !== 0,
      diskFull: (flags & DISK_FULL) !== 0,
    }
  },
})

const LEAVING = 1
const DISK_FULL = 2
