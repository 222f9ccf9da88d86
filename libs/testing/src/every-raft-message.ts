import { createMessage, type Entry, type Message, type MessageType, type NodeId, type Snapshot } from '@walrus/raft'

/** Every type of message that members send each other. */
export const PEER_MESSAGE_TYPES = [
  'Propose',
  'Append',
  'AppendResponse',
  'PreVote',
  'PreVoteResponse',
  'Vote',
  'VoteResponse',
  'Snapshot',
  'Heartbeat',
  'HeartbeatResponse',
  'TransferLeader',
  'TimeoutNow',
  'ReadIndex',
  'ReadIndexResponse',
] as const satisfies readonly MessageType[]

/** One message of each type, with all fields set to values of their own, whether the type uses them or not. */
export function everyRaftMessage(from: NodeId, to: NodeId): readonly Message[] {
  return PEER_MESSAGE_TYPES.map((type, at) =>
    createMessage({
      type,
      from,
      to,
      term: 2 ** 40 + at,
      logTerm: 2 ** 33 + at,
      index: 2 ** 34 + at,
      commit: 2 ** 35 + at,
      entries: entries(at),
      snapshot: at % 2 === 0 ? null : snapshot(at),
      reject: at % 2 === 0,
      rejectHint: Number.MAX_SAFE_INTEGER - at,
      context: 2 ** 36 + at,
      knownCommit: at % 3 === 0 ? null : { term: at, index: 2 * at },
      transfer: at % 4 < 2,
    }),
  )
}

/** A heartbeat that can be told from others by its mark. */
export function markedHeartbeat(from: NodeId, to: NodeId, mark: number): Message {
  return createMessage({ type: 'Heartbeat', from, to, term: 1, context: mark })
}

/** The announcement of a snapshot; its data travels beside it. */
export function snapshotMessage(from: NodeId, to: NodeId, index: number): Message {
  return createMessage({
    type: 'Snapshot',
    from,
    to,
    term: 3,
    snapshot: { ...snapshot(index), index, data: new Uint8Array() },
  })
}

function entries(count: number): readonly Entry[] {
  const types = ['normal', 'confChange', 'confChangeV2'] as const
  return Array.from({ length: count }, (_, at) => ({
    term: 7,
    index: at + 1,
    type: types[at % 3] ?? 'normal',
    data: new Uint8Array(at * 100).fill(at),
  }))
}

function snapshot(seed: number): Snapshot {
  return {
    index: seed,
    term: 2,
    confState: {
      voters: [1, 2, 3 + seed],
      votersOutgoing: [1, 5],
      learners: [6],
      learnersNext: [5],
      autoLeave: seed % 4 === 1,
    },
    data: Uint8Array.of(seed, 255),
  }
}
