import type { TopicConfig } from './metadata/model.js'

/** What a topic is created with where nobody says otherwise: a million entries or 1 GiB a segment, kept for ever, three copies. */
export const DEFAULT_TOPIC_CONFIG: TopicConfig = {
  segmentEntriesMax: 1_000_000,
  segmentBytesMax: 1024 ** 3,
  segmentAgeMsMax: 0,
  retentionMs: 0,
  retentionBytes: 0,
  replicationFactor: 3,
  ack: 'quorum',
}
