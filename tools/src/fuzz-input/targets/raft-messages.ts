import { nativeChecksum } from '@walrus/adapters-fs'
import { decodePeerFrame, encodePeerFrame, writeU32 } from '@walrus/protocol'
import {
  createMessage,
  emptyBytes,
  InvariantViolation,
  MemoryLog,
  RaftCore,
  type ConfState,
  type Entry,
  type Message,
} from '@walrus/raft'
import { PEER_MESSAGE_TYPES, randomBelow, type Random } from '@walrus/testing'
import { anyBytes, anyNumber, oneOf, someOf } from '../draw.js'
import { BrokenPromise, expectThat } from '../expectation.js'
import { pureTarget } from '../fuzz-target.js'

const LENGTH_BYTES = 4
const CHECKSUM_AT = 1
const STRANGER = 77
const MEMBER = 2
const TERM = 4
const ENTRIES: readonly Entry[] = [1, 1, 2, 2, 3, 3, 3, 4].map((term, at) => ({
  term,
  index: at + 1,
  type: 'normal',
  data: emptyBytes,
}))
const MEMBERS: ConfState = { voters: [1, 2, 3], votersOutgoing: [], learners: [4], learnersNext: [], autoLeave: false }

/**
 * Messages of Raft that decode, but make no sense: the first byte says in which role they find the core, and whether a member has
 * sent them. A stranger does no harm. What a member says may show that this node has lost data; then it stops, and that alone.
 */
export const raftMessages = pureTarget(
  { name: 'raft-messages', about: 'messages of Raft, as the core of a member takes them' },
  {
    example: (random) => {
      const frame = encodePeerFrame({ kind: 'raft', message: exampleMessage(random) }, nativeChecksum)
      return Uint8Array.of(randomBelow(random, 256), ...frame.subarray(LENGTH_BYTES))
    },
    reseal: (input) => {
      const checked = CHECKSUM_AT + LENGTH_BYTES
      if (input.length > checked) writeU32(input, CHECKSUM_AT, nativeChecksum(input.subarray(checked)))
      return input
    },
    check: (input) => {
      const frame = decodePeerFrame(input, CHECKSUM_AT, Math.max(CHECKSUM_AT, input.length), nativeChecksum)
      if (typeof frame === 'string' || frame.kind !== 'raft') return
      const choice = input[0] ?? 0
      const from = (choice & 4) === 0 ? STRANGER : MEMBER
      checkMessage(choice & 3, { ...frame.message, from, to: 1 })
    },
  },
)

function checkMessage(role: number, message: Message): void {
  const member = new Member(role)
  try {
    member.core.step(message)
    member.settle()
    for (let tick = 0; tick < 25; tick += 1) member.core.tick()
    member.settle()
  } catch (error) {
    if (error instanceof InvariantViolation && message.from === MEMBER) return
    throw new BrokenPromise(`${message.type} of node ${message.from} to a ${member.roleBefore}: ${String(error)}`)
  }
  expectThat(member.core.term <= TERM + 2 ** 32 + 100, `the term is ${member.core.term} after one message`)
}

/** Node 1 of a group, with a log, in some role. */
class Member {
  readonly core: RaftCore
  readonly roleBefore: string
  readonly #log = new MemoryLog()

  constructor(role: number) {
    this.#log.write({
      snapshot: { index: 0, term: 0, confState: MEMBERS, data: emptyBytes },
      entries: [],
      hardState: null,
    })
    this.#log.write({ snapshot: null, entries: ENTRIES, hardState: { term: TERM, vote: 0, commit: 6 } })
    this.core = new RaftCore({
      id: 1,
      electionTimeoutTicks: 10,
      heartbeatTimeoutTicks: 1,
      log: this.#log,
      random: () => 0,
      asyncStorageWrites: false,
    })
    if (role > 0) this.core.campaign()
    this.settle()
    if (role > 1) this.#answer('PreVoteResponse')
    if (role > 2) this.#answer('VoteResponse')
    this.roleBefore = this.core.role
  }

  /** Does all that is to be done, but for sending. */
  settle(): void {
    while (this.core.hasReady()) {
      const { snapshot, entries, hardState } = this.core.ready()
      this.#log.write({ snapshot, entries, hardState })
      this.core.advance()
    }
  }

  #answer(type: 'PreVoteResponse' | 'VoteResponse'): void {
    this.core.step(
      createMessage({ type, from: MEMBER, to: 1, term: type === 'VoteResponse' ? this.core.term : TERM + 1 }),
    )
    this.settle()
  }
}

function exampleMessage(random: Random): Message {
  const some = () => (random() < 0.7 ? randomBelow(random, 12) : anyNumber(random))
  const id = { term: some(), index: some() }
  const entries = someOf(random, 3, () => ({
    term: some(),
    index: some(),
    type: oneOf(random, ['normal', 'confChange', 'confChangeV2']),
    data: anyBytes(random, 8),
  }))
  const ids = () => someOf(random, 3, () => 1 + randomBelow(random, 6))
  const confState = { ...MEMBERS, voters: ids(), learners: ids(), votersOutgoing: random() < 0.3 ? ids() : [] }
  return createMessage({
    type: oneOf(random, PEER_MESSAGE_TYPES),
    from: MEMBER,
    to: 1,
    term: some(),
    logTerm: some(),
    index: some(),
    commit: some(),
    entries,
    snapshot: random() < 0.5 ? null : { ...id, confState: random() < 0.5 ? MEMBERS : confState, data: emptyBytes },
    reject: random() < 0.5,
    rejectHint: some(),
    context: some(),
    knownCommit: random() < 0.5 ? null : id,
    transfer: random() < 0.5,
  })
}
