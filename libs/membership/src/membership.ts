import { reasonOf, WalrusError, type NodeId, type Timer } from '@walrus/core'
import type { RaftMetadataLog } from '@walrus/metadata-raft'
import { admission, removal, type Admission, type AdmissionRequest, type RemovalRequest } from '@walrus/protocol'
import { answer, ask } from './ask.js'
import { isFinal, levelOfAttempt, pause, persist } from './persistence.js'
import { halfRemoved } from './removal-step.js'
import type { AdmissionOptions } from './request-admission.js'
import { refuseForGood, settled, takeIn, takeOut, viewOf } from './take-steps.js'

export interface MembershipOptions extends AdmissionOptions {
  /** The node's log, open. Its owner closes it, after the membership. */
  readonly log: RaftMetadataLog
  /** The cluster does not take the node any more: it is to be stopped. Called at most once. */
  readonly onRefused: (error: WalrusError) => void
}

/**
 * Enters the cluster: introduces the node, and resolves once it is a voter, known at its present addresses, and has applied
 * everything that was decided before. So it waits for a majority, however long that takes, and reports that it does.
 *
 * Rejects with `NODE_REFUSED` when the cluster does not take the node, with `UNAVAILABLE` when `signal` aborts.
 */
export async function openMembership(options: MembershipOptions): Promise<Membership> {
  const membership = new Membership(options)
  try {
    await membership.enter()
  } catch (error) {
    membership.close()
    throw error
  }
  return membership
}

/** A node's part in who belongs to the cluster: it asks for itself, and answers others. See `openMembership`, which makes it. */
export class Membership {
  readonly #options: MembershipOptions
  #clientAddress: string
  /** The leader changes one thing at a time. */
  #lastChange: Promise<unknown> = Promise.resolve()
  /** Whom to ask next, when no leader is known. */
  #turn = 0
  #leaderlessMs = 0
  #watch: Timer | undefined
  #isClosed = false

  constructor(options: MembershipOptions) {
    this.#options = options
    this.#clientAddress = options.self.clientAddress
    answer(options.peers, 'anyone', admission, (request) => this.#admit(request))
    answer(options.peers, 'members', removal, (request) => this.#remove(request))
  }

  /** For `openMembership`. */
  async enter(): Promise<void> {
    await this.#checkSeeds()
    await this.#introduce()
    await this.#persist('Cannot read the newest metadata yet', () => settled(this.#options.log.node.readIndex()))
    this.#watchLeader()
  }

  /** Clients are served at this address from now on: host:port. Resolves when the cluster knows it; rejects like `openMembership`. */
  async announceClients(clientAddress: string): Promise<void> {
    this.#clientAddress = clientAddress
    const known = this.#options.log.state.nodes.get(this.#options.self.nodeId)
    if (known?.clientAddress !== clientAddress) await this.#introduce()
  }

  /**
   * Takes a node out of the cluster for ever, be it up or down, this one, or the leader; its id is never used again. Resolves
   * once that is so; a node that is out already is no failure.
   *
   * Rejects with `NODE_IN_USE` when it holds replicas or is the only voter, with `INVALID_ARGUMENT` when the cluster does not
   * know it, with `TIMED_OUT` when it is not known after `timeoutMs` whether it is out.
   */
  async removeNode(nodeId: NodeId, timeoutMs: number): Promise<void> {
    const { clock } = this.#options
    const deadlineMs = clock.monotonicMs() + timeoutMs
    for (;;) {
      try {
        await this.#remove({ nodeId, isForwarded: false })
        return
      } catch (error) {
        if (isFinal(error) || (error as WalrusError).code === 'INVALID_ARGUMENT') throw error
        if (clock.monotonicMs() + REMOVAL_PAUSE_MS >= deadlineMs) {
          const reason = (error as WalrusError).message
          throw new WalrusError('TIMED_OUT', `Cannot say whether node ${nodeId} was removed: ${reason}`, error)
        }
      }
      await pause(this.#options, REMOVAL_PAUSE_MS)
    }
  }

  /** Asks and watches no more. Idempotent. */
  close(): void {
    this.#isClosed = true
    this.#watch?.cancel()
  }

  /** Until this node is a voter, and known as what it is. */
  async #introduce(): Promise<void> {
    for (;;) {
      const { standing, lagEntries } = await this.#persist('Cannot enter the cluster yet', () => this.#askForSelf())
      if (standing === 'voter') return
      this.#options.report('debug', 'Catches up with the cluster', { lagEntries })
      await pause(this.#options, CATCH_UP_PAUSE_MS)
    }
  }

  /** A node that is told to join another cluster than its own must not go on as if nothing were wrong. */
  async #checkSeeds(): Promise<void> {
    const { self, seeds, peers } = this.#options
    const others = seeds.filter((seed) => seed !== self.address)
    const outcomes = await Promise.allSettled(others.map((seed) => ask(peers, seed, admission, this.#request())))
    for (const outcome of outcomes) if (outcome.status === 'rejected' && isRefusal(outcome.reason)) throw outcome.reason
  }

  async #askForSelf(): Promise<Admission> {
    const { log, self, peers } = this.#options
    const { leader } = log.status()
    if (leader === self.nodeId) return await this.#admit(this.#request())
    const answered = await ask(peers, this.#whomToAsk(leader), admission, this.#request())
    log.learnAddresses(answered.members)
    return answered
  }

  #request(): AdmissionRequest {
    const { log, self, clusterId } = this.#options
    const hasLog = log.status().lastLogIndex > 0
    return { ...self, clientAddress: this.#clientAddress, clusterId, hasLog, isForwarded: false }
  }

  /** The leader, or whoever may know it. Every other time somebody else: a leader that is gone is believed in for a while. */
  #whomToAsk(leader: NodeId | null): NodeId | string {
    const { log, self, seeds } = this.#options
    const turn = this.#turn++
    if (leader !== null && turn % 2 === 0) return leader
    const members = [...log.status().addresses.keys()].filter((id) => id !== self.nodeId)
    const everybody = [...members, ...seeds.filter((seed) => seed !== self.address)]
    const chosen = everybody[(turn >>> 1) % everybody.length]
    if (chosen === undefined) throw new WalrusError('UNAVAILABLE', 'Cannot enter the cluster: no other node is known')
    return chosen
  }

  async #admit(request: AdmissionRequest): Promise<Admission> {
    const { log, clusterId, peers } = this.#options
    refuseForGood(viewOf(log, clusterId), request)
    return this.#byLeader(
      request,
      () => takeIn(log, clusterId, request),
      (leader) => ask(peers, leader, admission, { ...request, isForwarded: true }),
    )
  }

  async #remove(request: RemovalRequest): Promise<object> {
    const { log, clusterId, peers } = this.#options
    return this.#byLeader(
      request,
      async () => {
        await takeOut(log, clusterId, request.nodeId)
        return {}
      },
      (leader) => ask(peers, leader, removal, { ...request, isForwarded: true }),
    )
  }

  async #byLeader<Answer>(
    { isForwarded }: { readonly isForwarded: boolean },
    here: () => Promise<Answer>,
    there: (leader: NodeId) => Promise<Answer>,
  ): Promise<Answer> {
    const { log, self } = this.#options
    const { leader } = log.status()
    if (leader === self.nodeId) return this.#oneAfterTheOther(here)
    if (leader === null) throw new WalrusError('UNAVAILABLE', 'Cannot change the membership: no leader is known')
    if (isForwarded) throw new WalrusError('NOT_LEADER', `Cannot change the membership here: node ${leader} leads`)
    return there(leader)
  }

  #oneAfterTheOther<Answer>(change: () => Promise<Answer>): Promise<Answer> {
    const done = this.#lastChange.then(change)
    this.#lastChange = done.catch(() => undefined)
    return done
  }

  #persist<Result>(message: string, attempt: () => Promise<Result>): Promise<Result> {
    return persist(this.#options, attempt, ({ message: reason }, waitMs) =>
      this.#options.report(levelOfAttempt(waitMs), message, { reason, waitMs }),
    )
  }

  /**
   * Nobody tells a removed node so, for it is no member: it hears of no leader, and asks. So does one that does not know where
   * its leader is, which joined while this node heard nothing: it could not answer it.
   */
  #watchLeader(): void {
    const { clock, log, self } = this.#options
    this.#watch = clock.after(WATCH_MS, () => {
      const { leader, leaderSilenceMs, addresses } = log.status()
      const isLost = leader !== null && !addresses.has(leader)
      this.#leaderlessMs = leaderSilenceMs === null ? this.#leaderlessMs + WATCH_MS : leaderSilenceMs
      if (leader === self.nodeId) void this.#finishRemovals()
      if (!isLost && this.#leaderlessMs < LEADERLESS_MS_MAX) return this.#watchLeader()
      this.#leaderlessMs = 0
      void this.#askWhetherMember()
    })
  }

  /** A leader may have been lost between the two steps of a removal. */
  async #finishRemovals(): Promise<void> {
    const { log, clusterId, report } = this.#options
    for (const nodeId of halfRemoved(viewOf(log, clusterId))) {
      await this.#oneAfterTheOther(() => takeOut(log, clusterId, nodeId)).catch((error: unknown) => {
        report('debug', 'Cannot finish a removal yet', { nodeId, reason: reasonOf(error) })
      })
    }
  }

  async #askWhetherMember(): Promise<void> {
    try {
      await this.#askForSelf()
    } catch (error) {
      if (isRefusal(error) && !this.#isClosed) return this.#options.onRefused(error)
    }
    if (!this.#isClosed) this.#watchLeader()
  }
}

const CATCH_UP_PAUSE_MS = 50
const REMOVAL_PAUSE_MS = 200
const WATCH_MS = 500
/** A few election timeouts. */
const LEADERLESS_MS_MAX = 2_500

function isRefusal(error: unknown): error is WalrusError {
  return error instanceof WalrusError && error.code === 'NODE_REFUSED'
}
