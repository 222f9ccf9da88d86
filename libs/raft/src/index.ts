export { type RaftTransport, type RaftTransportEvents } from './ports/transport.js'
export { RaftCore } from './core/raft-core.js'
export { type RaftConfig, type ReadMode, type RandomSource } from './core/config.js'
export { RaftError, raftErrorCodes, type RaftErrorCode } from './core/errors.js'
export { InvariantViolation } from './core/invariant.js'
export { type InitialState, type LogReader } from './core/log-reader.js'
export { MemoryLog } from './core/memory-log.js'
export { createMessage, type Message, type MessageDraft, type MessageType } from './core/message.js'
export {
  decodeConfChange,
  encodeConfChange,
  isConfChange,
  leaveJointChange,
  type ConfChange,
  type ConfChangeType,
  type SingleChange,
  type Transition,
} from './core/conf-change.js'
export { type ProposeResult } from './core/propose.js'
export { type ReadIndexResult } from './core/read-index.js'
export { type TransferRefusal, type TransferResult } from './core/transfer.js'
export { type StepRefusal, type StepResult } from './core/step.js'
export { type Ready, type StorageAppend, type StorageApply } from './core/ready.js'
export { type RaftStatus } from './core/status.js'
export { type ProgressStatus } from './core/tracker.js'
export { type ProgressState } from './core/progress.js'
export { type MembershipRefusal } from './core/membership.js'
export {
  type CampaignRefusal,
  type ConfChangeRefusal,
  type DropReason,
  type RefusalDetail,
  type TraceEvent,
  type TraceSink,
  type VoteEvent,
} from './core/trace.js'
export { entryBytes, entryOverheadBytes } from './core/entry.js'
export {
  appendThread,
  applyThread,
  emptyBytes,
  emptyConfState,
  noNode,
  type ConfState,
  type Entry,
  type EntryId,
  type EntryType,
  type HardState,
  type LogIndex,
  type NodeId,
  type ReadState,
  type Role,
  type Snapshot,
  type SoftState,
  type Term,
} from './core/types.js'
export { RaftNode } from './driver/raft-node.js'
export {
  defaultLimits,
  defaultTiming,
  type RaftLimits,
  type RaftNodeEvents,
  type RaftNodeOptions,
  type RaftTiming,
} from './driver/options.js'
export { type RaftNodeStatus } from './driver/node-status.js'
export { type ProposalDropReason } from './driver/proposals.js'
export { type LogStore, type LogWrite } from './ports/log-store.js'
export { type StateMachine } from './ports/state-machine.js'
export { type RaftClock, type RaftTimer } from './ports/clock.js'
export { MemoryLogStore } from './memory-log-store.js'
