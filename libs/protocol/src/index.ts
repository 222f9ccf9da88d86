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
export { crc32 } from './crc32.js'
export { FRAME_HEADER_BYTES, FrameReader } from './frame/frame-reader.js'
export type { FrameFault, FrameReaderOptions } from './frame/frame-reader.js'
export { FrameWriter, frame, prefixedFrame } from './frame/frame-writer.js'
export { fitsU64, readU16, readU32, readU64, writeU16, writeU32, writeU64 } from './little-endian.js'
export {
  CLUSTER_ID_BYTES_MAX,
  HANDSHAKE_FRAME_BYTES_MAX,
  PEER_PROTOCOL_VERSION,
  REFUSAL_REASON_CHARACTERS_MAX,
  isClusterId,
} from './peer/handshake.js'
export type { Hello, PeerPurpose, Refusal, RefusalCause, Welcome } from './peer/handshake.js'
export type { Ping, Pong } from './peer/liveness.js'
export { admission, removal } from './peer/membership.js'
export type { Admission, AdmissionRequest, RemovalRequest } from './peer/membership.js'
export { PEER_FRAME_OVERHEAD_BYTES, PeerFrameWriter, decodePeerFrame, encodePeerFrame } from './peer/peer-frames.js'
export type { PeerFault, PeerFrame } from './peer/peer-frames.js'
export { payloadCodec } from './peer/peer-question.js'
export type { PayloadCodec, PeerQuestion } from './peer/peer-question.js'
export type { RaftFrame } from './peer/raft-message.js'
export type { PeerAnswer, PeerFailure, PeerRequest } from './peer/request.js'
export type { SnapshotBegin, SnapshotChunk, SnapshotOutcome, SnapshotResult } from './peer/snapshot-transfer.js'
export { commands } from './text/commands.js'
export type { CommandName, Handlers, ReplyOf, RequestOf, TextRequest } from './text/commands.js'
export { errorKindOf, frameFaultMessage, timedOutMessage, unknownTopicMessage } from './text/error-messages.js'
export type { ErrorKind, InvalidRequest, RequestFault } from './text/error-messages.js'
export { parseTextCommand } from './text/parse.js'
export { EMPTY_FRAME, OK_FRAME, addEntryFrame, entryFrame, errorFrame, okFrames, replyFrame } from './text/replies.js'
export type { EmptyReply, EntryReply, ErrorReply, JsonReply, OkReply, TextReply } from './text/replies.js'
export type { TextCommand } from './text/text-command.js'
