import { WalrusError, type NodeId, type SegmentKey } from '@walrus/core'
import {
  CLUSTER_REQUESTS,
  copySegmentAnswer,
  copySegmentRequest,
  fenceAnswer,
  fenceRequest,
  wholeCopyAnswer,
  wholeCopyRequest,
  type CopySegmentAnswer,
  type CopySegmentRequest,
  type FenceAnswer,
  type FenceRequest,
  type PeerBody,
  type WholeCopyAnswer,
} from '@walrus/protocol'
import type { NodeContext } from '../node-context.js'
import type { ReplicaService } from './replica-service.js'

/** Asks any node about its copies, this one too. Rejects with what the other node says, `UNAVAILABLE` or `TIMED_OUT`. */
export class CopyQuestions {
  readonly #context: NodeContext
  readonly #self: ReplicaService

  constructor(context: NodeContext, self: ReplicaService) {
    this.#context = context
    this.#self = self
  }

  fence(node: NodeId, request: FenceRequest): Promise<FenceAnswer> {
    if (node === this.#context.nodeId) return this.#self.fence(request)
    const payload = fenceRequest.encode(request)
    return this.#ask(node, { kind: CLUSTER_REQUESTS.fence, payload, answer: fenceAnswer })
  }

  /** The node may go on copying when the answer does not come in time. */
  copySegment(node: NodeId, request: CopySegmentRequest): Promise<CopySegmentAnswer> {
    if (node === this.#context.nodeId) return this.#self.copySegment(request)
    const payload = copySegmentRequest.encode(request)
    const timeoutMs = this.#context.limits.copyTimeoutMs
    return this.#ask(node, { kind: CLUSTER_REQUESTS.copySegment, payload, answer: copySegmentAnswer, timeoutMs })
  }

  wholeCopy(node: NodeId, key: SegmentKey): Promise<WholeCopyAnswer> {
    if (node === this.#context.nodeId) return this.#self.wholeCopy(key)
    const payload = wholeCopyRequest.encode(key)
    return this.#ask(node, { kind: CLUSTER_REQUESTS.wholeCopy, payload, answer: wholeCopyAnswer })
  }

  /** Those of the nodes that say that they have a whole copy; one that does not answer has none. */
  async wholeCopiesAmong(nodes: readonly NodeId[], key: SegmentKey): Promise<readonly NodeId[]> {
    const asked = nodes.map(async (node) => ((await this.wholeCopy(node, key)).whole ? node : undefined))
    const answers = await Promise.all(asked.map((answer) => answer.catch(() => undefined)))
    return answers.filter((node) => node !== undefined)
  }

  async #ask<Answer extends object>(node: NodeId, question: Question<Answer>): Promise<Answer> {
    const { peers, limits } = this.#context
    const { kind, payload, answer: codec, timeoutMs = limits.requestTimeoutMs } = question
    const answer = codec.decode(await peers.request(node, kind, payload, timeoutMs))
    if (typeof answer !== 'string') return answer
    throw new WalrusError('UNAVAILABLE', `Cannot read the answer of node ${node}: ${answer}`)
  }
}

interface Question<Answer> {
  readonly kind: number
  readonly payload: Uint8Array
  readonly answer: PeerBody<Answer>
  readonly timeoutMs?: number
}
