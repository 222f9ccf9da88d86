import { violated } from '../core/invariant.js'
import { type Message } from '../core/message.js'
import { type ConfState, type Entry, type LogIndex, type NodeId, type Term } from '../core/types.js'
import { foldEntry, type MachineState } from './state-machine.js'

/** What the oracle may look at of a node: its core, and what a crash would leave of it. */
export interface Witness {
  readonly id: NodeId
  readonly role: string
  readonly term: Term
  readonly commitIndex: LogIndex
  /** Term of an entry in the whole log of the node, unstable part included. */
  termInLog(index: LogIndex): Term | undefined
  /** Whether the entry, or a snapshot that contains it, would survive a crash. */
  holdsDurably(index: LogIndex, term: Term): boolean
}

/** Knows what every node did, and stops the run at the first thing that Raft promises never to happen. */
export class Oracle {
  readonly #leaders = new Map<Term, NodeId>()
  readonly #votes = new Map<string, NodeId>()
  /** Term of each committed index; position 0 is index 0. */
  readonly #committedTerms: Term[] = [0]
  /** In which term each index was first known to be committed. */
  readonly #commitTerms: Term[] = [0]
  /** Hash of the state machine after each index. */
  readonly #hashes: number[] = [0]
  /** The highest term in which a node voted or acknowledged something. */
  readonly #promisedTerms = new Map<NodeId, Term>()
  readonly #terms = new Map<NodeId, Term>()
  readonly #commits = new Map<NodeId, LogIndex>()

  /** The highest index that any node knew to be committed. */
  get committedIndex(): LogIndex {
    return this.#committedTerms.length - 1
  }

  /** All nodes begin with the same snapshot. */
  start({ index, term, hash }: MachineState): void {
    for (let at = 1; at <= index; at++) {
      this.#committedTerms[at] = term
      this.#hashes[at] = hash
    }
  }

  /** To be called whenever a node did anything. */
  observe(node: Witness, confState: () => ConfState, witnesses: readonly Witness[]): void {
    const term = this.#terms.get(node.id) ?? 0
    if (node.term < term) violated(`term of node ${node.id} fell from ${term} to ${node.term}`)
    if (node.role === 'leader') this.#observeLeader(node)
    this.#terms.set(node.id, node.term)
    const commit = this.#commits.get(node.id) ?? 0
    if (node.commitIndex < commit) violated(`commit of node ${node.id} fell from ${commit} to ${node.commitIndex}`)
    if (node.commitIndex === commit) return
    this.#commits.set(node.id, node.commitIndex)
    this.#observeCommit(node, commit)
    if (node.role === 'leader') checkQuorum(node, confState(), witnesses)
  }

  /** A crash may take a commit index back, and a term that was not stored, but none in which something was promised. */
  restarted(id: NodeId, term: Term, commit: LogIndex): void {
    const promised = this.#promisedTerms.get(id) ?? 0
    if (term < promised) violated(`node ${id} came back in term ${term} after a promise in ${promised}`)
    this.#terms.set(id, term)
    this.#commits.set(id, commit)
  }

  /** No member votes twice in a term, crashes included. */
  sent(message: Message): void {
    if (message.type === 'VoteResponse' || message.type === 'AppendResponse') {
      this.#promisedTerms.set(message.from, Math.max(message.term, this.#promisedTerms.get(message.from) ?? 0))
    }
    if (message.type !== 'VoteResponse' || message.reject) return
    const key = `${message.from} ${message.term}`
    const known = this.#votes.get(key) ?? message.to
    if (known !== message.to) {
      violated(`node ${message.from} voted for ${known} and ${message.to} in term ${message.term}`)
    }
    this.#votes.set(key, message.to)
  }

  /** The same entries in the same order make the same state, on every node and at any time. */
  applied(id: NodeId, before: MachineState, entry: Entry): void {
    const committed = this.#committedTerms[entry.index]
    if (committed === undefined) violated(`node ${id} applied ${entry.index}, which nobody committed`)
    if (committed !== entry.term)
      violated(`node ${id} applied ${entry.term}/${entry.index}, but ${committed} was committed`)
    this.#checkHash(id, before)
    const hash = foldEntry(before.hash, entry)
    const known = this.#hashes[entry.index] ?? hash
    if (known !== hash) violated(`state of node ${id} differs at ${entry.index}`)
    this.#hashes[entry.index] = hash
  }

  restored(id: NodeId, state: MachineState): void {
    this.#checkHash(id, state)
  }

  #checkHash(id: NodeId, { index, hash }: MachineState): void {
    const known = this.#hashes[index]
    if (known !== undefined && known !== hash) violated(`state of node ${id} differs at ${index}`)
  }

  /** One leader in a term, and it holds everything that was committed before. */
  #observeLeader(node: Witness): void {
    const leader = this.#leaders.get(node.term)
    if (leader === node.id) return
    if (leader !== undefined) violated(`nodes ${leader} and ${node.id} both lead term ${node.term}`)
    this.#leaders.set(node.term, node.id)
    // A candidate of an earlier term may win late; it owes nothing to what was committed after that term.
    let index = this.committedIndex
    while (index > 0 && (this.#commitTerms[index] ?? 0) >= node.term) index--
    const term = this.#committedTerms[index]
    if (term === undefined) return
    const held = node.termInLog(index)
    if (held !== undefined && held !== term) violated(`leader ${node.id} holds ${held}/${index}, committed is ${term}`)
    if (held === undefined && node.commitIndex < index) violated(`leader ${node.id} lacks the committed entry ${index}`)
  }

  /** What is committed once is never anything else. */
  #observeCommit(node: Witness, before: LogIndex): void {
    for (let index = before + 1; index <= node.commitIndex; index++) {
      const term = node.termInLog(index)
      if (term === undefined) continue
      const known = this.#committedTerms[index]
      if (known === undefined) {
        this.#committedTerms[index] = term
        this.#commitTerms[index] = node.term
      } else if (known !== term) violated(`node ${node.id} committed ${term}/${index}, before it was ${known}`)
    }
  }
}

/** What a leader commits is durable on a majority of each half of the configuration that it uses. */
function checkQuorum(node: Witness, confState: ConfState, witnesses: readonly Witness[]): void {
  const index = node.commitIndex
  const term = node.termInLog(index)
  if (term === undefined) return
  const holds = (id: NodeId) => witnesses.some((one) => one.id === id && one.holdsDurably(index, term))
  for (const voters of [confState.voters, confState.votersOutgoing]) {
    // Counted here and not by the core, whose counting is under test.
    if (voters.length > 0 && voters.filter(holds).length * 2 <= voters.length) {
      violated(`leader ${node.id} committed ${term}/${index} without a durable quorum`)
    }
  }
}
