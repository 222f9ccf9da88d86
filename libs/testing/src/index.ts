export {
  failNth,
  stopAtBoundary,
  type DiskFault,
  type DiskOperation,
  type OnOperation,
  type Verdict,
} from './disk-world.js'
export { everyRaftMessage, markedHeartbeat, PEER_MESSAGE_TYPES, snapshotMessage } from './every-raft-message.js'
export { FaultyLink, type LinkDirection } from './faulty-link.js'
export {
  MemoryRaftNetwork,
  NO_NETWORK_FAULTS,
  type MemoryEndpoint,
  type MemoryRaftNetworkOptions,
  type NetworkFaults,
} from './memory-raft-network.js'
export type {
  OpenRaftTransport,
  RaftTransportNode,
  RaftTransportPlace,
  RaftTransportSuiteOptions,
} from './raft-transport-suite/suite-options.js'
export { raftTransportSuite } from './raft-transport-suite/suite.js'
export { FaultyDisk, type FaultyDiskOptions } from './faulty-disk.js'
export { ManualClock, type ManualClockOptions } from './manual-clock.js'
export { peerMessagingSuite } from './peer-messaging-suite/suite.js'
export {
  type OpenPeerMessaging,
  type PeerMessagingLimits,
  type PeerMessagingPlace,
  type PeerMessagingSuiteOptions,
} from './peer-messaging-suite/suite-options.js'
export {
  MemoryPeer,
  MemoryPeers,
  type MemoryPeersOptions,
  type QuestionFate,
  type QuestionInfo,
} from './memory-peers.js'
export { SharedMetadata, type SharedMetadataOptions } from './shared-metadata.js'
export { RawClient } from './raw-client.js'
export { randomBelow, seededRandom, type Random } from './seeded-random.js'
export { freePorts } from './free-ports.js'
export { temporaryFolder, type TemporaryFolder } from './temporary-folder.js'
export {
  ScriptedMetadataLog,
  type ScriptedMetadataDisk,
  type ScriptedMetadataLogOptions,
  type ProposalFate,
} from './scripted-metadata-log.js'
export { metadataLogSuite, type MetadataLogPlace, type MetadataLogSuiteOptions } from './metadata-log-suite.js'
export { MemoryLogStorage, type MemoryLogDisk, type MemoryLogStorageOptions } from './memory-log-storage.js'
export type { MemorySegment, MemoryStoredBatch } from './memory-segment-log.js'
export { SECTOR_BYTES } from './sector-file.js'
export type { BlockFilePlace, BlockFileSuiteOptions } from './block-file-suite/suite-options.js'
export { blockFileSuite } from './block-file-suite/suite.js'
export { raftLogSuite } from './raft-log-suite/suite.js'
export { type RaftLogPlace, type RaftLogSuiteOptions } from './raft-log-suite/fixture.js'
export { segmentLogSuite } from './segment-log-suite/suite.js'
export { type LogPlace, type SegmentLogSuiteOptions } from './segment-log-suite/fixture.js'
export { checkDeliveries, checkTopic, type PutEvent, type ReadEvent } from './history/check-topic.js'
export { checkTakes, type TakeEvent, type TakesContext } from './history/check-takes.js'
export { ObservedLog, type LogReader } from './history/observed-log.js'
