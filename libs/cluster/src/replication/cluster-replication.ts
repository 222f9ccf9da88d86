import {
  formatSegmentKey,
  lastSegment,
  WalrusError,
  type NodeId,
  type SegmentKey,
  type SegmentLog,
  type SegmentMetadata,
  type TopicMetadata,
  type TopicState,
} from '@walrus/core'
import {
  CLUSTER_REQUESTS,
  copySegmentAnswer,
  copySegmentRequest,
  fenceAnswer,
  fenceRequest,
  fetchBatchesAnswer,
  fetchBatchesRequest,
  replicateAnswer,
  replicateRequest,
  unknownTopicMessage,
  wholeCopyAnswer,
  wholeCopyRequest,
  type PeerBody,
} from '@walrus/protocol'
import type { NodeContext } from '../node-context.js'
import type { ForcedSeal, OpenSegment, Replication } from '../open-segment.js'
import { CopyQuestions } from './copy-questions.js'
import { inheritedState } from './inherited-state.js'
import { RecoveryCoordinator } from './recovery-coordinator.js'
import { ReplicaCopies } from './replica-copies.js'
import { ReplicaReplacement } from './replica-replacement.js'
import { ReplicaService } from './replica-service.js'
import { ReplicatedSegment } from './replicated-segment.js'
import { SegmentCopier } from './segment-copier.js'
import { SegmentRecovery } from './segment-recovery.js'
import { SegmentRepair } from './segment-repair.js'

/**
 * Everything about copies of segments on one node: those that it leads, those that it holds for others, and, while it leads the
 * metadata, the care for all of them. It is made once this node's metadata is as new as the cluster's: so what was fenced while
 * the node was away stays so.
 */
export class ClusterReplication implements Replication {
  readonly #context: NodeContext
  readonly #copies: ReplicaCopies
  readonly #copier: SegmentCopier
  readonly #questions: CopyQuestions
  readonly #recovery: SegmentRecovery
  readonly #coordinator: RecoveryCoordinator
  readonly #repair: SegmentRepair
  readonly #replacement: ReplicaReplacement
  readonly #led = new Map<string, ReplicatedSegment>()
  /** With so many, those that are over are looked for. */
  #ledMax = LED_MIN

  /**
   * Answers other nodes, repairs and recovers from now on, until `close`.
   * @param onDiskFull called whenever a copy that this node holds for others cannot grow because the disk is full
   */
  constructor(context: NodeContext, onDiskFull: () => void) {
    this.#context = context
    this.#copies = new ReplicaCopies(context.storage, onDiskFull, context.trace)
    this.#copier = new SegmentCopier(context, this.#copies)
    const stopLeading = (key: SegmentKey): void => this.#stopLeading(key)
    const service = new ReplicaService({ context, copies: this.#copies, copier: this.#copier, stopLeading })
    this.#questions = new CopyQuestions(context, service)
    this.#recovery = new SegmentRecovery(context, this.#questions)
    this.#serve(service)
    this.#coordinator = new RecoveryCoordinator(context, this.#recovery)
    const { copies, copier, questions } = { copies: this.#copies, copier: this.#copier, questions: this.#questions }
    this.#repair = new SegmentRepair({ context, copies, copier, questions })
    this.#replacement = new ReplicaReplacement(context, this.#questions)
  }

  lead(segment: SegmentMetadata, log: SegmentLog): OpenSegment {
    if (this.#led.size >= this.#ledMax) this.#forgetOver()
    const led = new ReplicatedSegment(this.#context, segment, log)
    this.#led.set(formatSegmentKey(log), led)
    return led
  }

  inheritState(topic: TopicMetadata): Promise<TopicState> {
    const [context, questions, repair] = [this.#context, this.#questions, this.#repair]
    return inheritedState({ context, questions, repair }, topic)
  }

  committedCount(key: SegmentKey): number {
    return this.#copies.committedCount(key)
  }

  async forceSeal(name: string): Promise<ForcedSeal> {
    const topic = this.#context.metadata.state.topics.get(name)
    if (topic === undefined) throw new WalrusError('UNKNOWN_TOPIC', unknownTopicMessage(name))
    const key = { topic: name, segment: lastSegment(topic).id }
    const { counts, unheard } = await this.#recovery.force(key)
    return { ...key, entryCount: counts.entryCount, unheardReplicas: unheard }
  }

  renew(key: SegmentKey): void {
    this.#repair.renew(key)
  }

  async close(): Promise<void> {
    const reason = new WalrusError('STORAGE_CLOSED', 'Cannot use this node: it is closed')
    for (const led of this.#led.values()) led.close(reason)
    const parts = [this.#coordinator, this.#repair, this.#replacement, this.#copier]
    await Promise.all(parts.map((part) => part.close()))
  }

  #stopLeading(key: SegmentKey): void {
    const name = formatSegmentKey(key)
    this.#led.get(name)?.stop(new WalrusError('NOT_LEADER', `Cannot append to "${name}": it is fenced`))
  }

  #forgetOver(): void {
    for (const [name, led] of this.#led) if (led.isOver) this.#led.delete(name)
    this.#ledMax = Math.max(LED_MIN, 2 * this.#led.size)
  }

  #serve(service: ReplicaService): void {
    this.#handle(CLUSTER_REQUESTS.replicate, replicateRequest, replicateAnswer, (request, from) =>
      service.replicate(request, from),
    )
    this.#handle(CLUSTER_REQUESTS.fence, fenceRequest, fenceAnswer, (request) => service.fence(request))
    this.#handle(CLUSTER_REQUESTS.fetchBatches, fetchBatchesRequest, fetchBatchesAnswer, (request) =>
      service.fetchBatches(request),
    )
    this.#handle(CLUSTER_REQUESTS.copySegment, copySegmentRequest, copySegmentAnswer, (request) =>
      service.copySegment(request),
    )
    this.#handle(CLUSTER_REQUESTS.wholeCopy, wholeCopyRequest, wholeCopyAnswer, (key) => service.wholeCopy(key))
  }

  #handle<Request extends object, Answer>(
    kind: number,
    requests: PeerBody<Request>,
    answers: PeerBody<Answer>,
    answer: (request: Request, from: NodeId) => Promise<Answer>,
  ): void {
    this.#context.peers.handle(kind, async (payload, from) => {
      const request = requests.decode(payload)
      if (typeof request === 'string') {
        throw new WalrusError('INVALID_ARGUMENT', `Cannot read request ${kind} of node ${from}: ${request}`)
      }
      return answers.encode(await answer(request, from))
    })
  }
}

const LED_MIN = 64
