export { decodeControlPayload, encodeControlPayload, startsWithSnapshot } from './batch/control.js'
export type { ControlFault, ControlRecord } from './batch/control.js'
export { EntryReader, writeEntry } from './batch/entries.js'
export type { EntryFault } from './batch/entries.js'
export {
  BATCH_HEADER_BYTES,
  ENTRY_HEADER_BYTES,
  checkBatchPayload,
  readBatchHeader,
  writeBatchHeader,
} from './batch/header.js'
export type { BatchFault, BatchHeader } from './batch/header.js'
export { readWholeBatch } from './batch/whole-batch.js'
export type { WholeBatch } from './batch/whole-batch.js'
export { APPEND_ENTRIES_MAX } from './binary/append.js'
export type { AppendReply } from './binary/append.js'
export { ADMIN_JSON_BYTES_MAX, ADMIN_VERSION } from './binary/admin.js'
export { PAGE_ITEMS_MAX } from './binary/admin/admin-operation.js'
export { adminOperations } from './binary/admin/admin-operations.js'
export type {
  AdminHandlers,
  AdminOperationName,
  AdminParameters,
  AdminReply,
  AdminRequest,
  AdminResult,
} from './binary/admin/admin-operations.js'
export type { ClusterStatusResult, NodeStatus } from './binary/admin/cluster-status.js'
export type { CursorDescription, SegmentDescription, TopicDescribeResult } from './binary/admin/topic-describe.js'
export type { TopicListResult, TopicSummary } from './binary/admin/topic-list.js'
export type { TopicSealResult } from './binary/admin/topic-seal.js'
export { binaryCommands } from './binary/commands.js'
export type { BinaryCommandName, BinaryReplyOf, BinaryRequest, BinaryRequestOf } from './binary/commands.js'
export type { EntriesReply } from './binary/entries-reply.js'
export type { FetchRequest } from './binary/fetch.js'
export {
  BinaryFrameWriter,
  binaryRequestFrame,
  isBinaryPayload,
  parseBinaryAnswer,
  parseBinaryRequest,
  readBinaryReply,
  setRequestId,
} from './binary/frames.js'
export type { InvalidBinaryRequest, ReceivedAnswer, ReceivedRequest } from './binary/frames.js'
export type { CursorMove, MoveCursorReply, MoveCursorRequest } from './binary/move-cursor.js'
export type { NextRequest } from './binary/next.js'
export type { ReadBounds } from './binary/read-limits.js'
export { crc32 } from './crc32.js'
export { FRAME_HEADER_BYTES, FrameReader } from './frame/frame-reader.js'
export type { FrameFault, FrameReaderOptions } from './frame/frame-reader.js'
export { FrameWriter, frame, prefixedFrame } from './frame/frame-writer.js'
export { fitsU32, fitsU64, readU16, readU32, readU64, writeU16, writeU32, writeU64 } from './little-endian.js'
export { appendAnswer, appendRequest } from './peer/append-request.js'
export type { AppendAnswer, AppendRequest } from './peer/append-request.js'
export { CLUSTER_REQUESTS } from './peer/cluster-requests.js'
export {
  CLUSTER_ID_BYTES_MAX,
  HANDSHAKE_FRAME_BYTES_MAX,
  PEER_PROTOCOL_VERSION,
  REFUSAL_REASON_CHARACTERS_MAX,
  isClusterId,
} from './peer/handshake.js'
export type { Hello, PeerPurpose, Refusal, RefusalCause, Welcome } from './peer/handshake.js'
export { heartbeatAnswer } from './peer/heartbeat.js'
export type { HeartbeatAnswer } from './peer/heartbeat.js'
export type { Ping, Pong } from './peer/liveness.js'
export { peerBody } from './peer/peer-body.js'
export type { PeerBody, PeerBodyFault, PeerQuestion } from './peer/peer-body.js'
export { admission, removal } from './peer/membership.js'
export type { Admission, AdmissionRequest, RemovalRequest } from './peer/membership.js'
export { PEER_FRAME_OVERHEAD_BYTES, PeerFrameWriter, decodePeerFrame, encodePeerFrame } from './peer/peer-frames.js'
export type { PeerFault, PeerFrame } from './peer/peer-frames.js'
export type { RaftFrame } from './peer/raft-message.js'
export { clientCommand } from './peer/client-command.js'
export type { ClientCommand } from './peer/client-command.js'
export { entriesAnswer, readRequest, takeRequest } from './peer/read-request.js'
export type { EntriesAnswer, ReadRequest, TakeRequest } from './peer/read-request.js'
export type { PeerAnswer, PeerFailure, PeerRequest } from './peer/request.js'
export type { SnapshotBegin, SnapshotChunk, SnapshotOutcome, SnapshotResult } from './peer/snapshot-transfer.js'
export { copySegmentAnswer, copySegmentRequest } from './peer/copy-segment.js'
export type { CopySegmentAnswer, CopySegmentRequest } from './peer/copy-segment.js'
export { fenceAnswer, fenceRequest } from './peer/fence-copy.js'
export type { FenceAnswer, FenceRequest } from './peer/fence-copy.js'
export { fetchBatchesAnswer, fetchBatchesRequest } from './peer/fetch-batches.js'
export type { FetchBatchesAnswer, FetchBatchesRequest } from './peer/fetch-batches.js'
export { replicateAnswer, replicateRequest } from './peer/replicate.js'
export type { ReplicateAnswer, ReplicateRequest } from './peer/replicate.js'
export { wholeCopyAnswer, wholeCopyRequest } from './peer/whole-copy.js'
export type { WholeCopyAnswer, WholeCopyRequest } from './peer/whole-copy.js'
export { commands } from './text/commands.js'
export type { CommandName, Handlers, ReplyOf, RequestOf, TextRequest } from './text/commands.js'
export { errorKindOf, frameFaultMessage, timedOutMessage, unknownTopicMessage } from './text/error-messages.js'
export type { ErrorKind, InvalidRequest, RequestFault } from './text/error-messages.js'
export { parseTextCommand } from './text/parse.js'
export { EMPTY_FRAME, OK_FRAME, addEntryFrame, entryFrame, errorFrame, okFrames, replyFrame } from './text/replies.js'
export type { EmptyReply, EntryReply, ErrorReply, JsonReply, OkReply, TextReply } from './text/replies.js'
export type { TextCommand } from './text/text-command.js'
