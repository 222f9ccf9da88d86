import { WalrusError } from '@walrus/core'
import {
  BinaryFrameWriter,
  binaryRequestFrame,
  clientCommand,
  CLUSTER_REQUESTS,
  FRAME_HEADER_BYTES,
  parseBinaryAnswer,
  parseBinaryRequest,
  readBinaryReply,
  timedOutMessage,
  type BinaryReplyOf,
  type BinaryRequestOf,
  type CursorMove,
} from '@walrus/protocol'
import { pause } from '../pause.js'
import { askThere } from '../routing/ask-there.js'
import { mayBeAskedAgain } from '../routing/may-be-asked-again.js'
import type { Route } from '../routing/route.js'
import type { TopicRuntime } from '../routing/topic-runtime.js'
import type { NodeParts } from './node-parts.js'

/** Commands that only the leader of the topic's open segment can carry out. */
export type LeaderCommand = 'next' | 'moveCursor' | 'fetch'

/** Carries such a command out here; rejects with `NOT_LEADER` when another node leads, and nothing was done. */
export type CarryOut = <N extends LeaderCommand>(request: BinaryRequestOf<N>) => Promise<BinaryReplyOf<N>>

/** Where the topic's open segment is led the command is carried out, here or there. */
export class AtLeader {
  readonly #parts: NodeParts
  readonly #carryOut: CarryOut

  /** Answers, from now on, what other nodes ask for their clients. */
  constructor(parts: NodeParts, carryOut: CarryOut) {
    this.#parts = parts
    this.#carryOut = carryOut
    parts.context.peers.handle(CLUSTER_REQUESTS.clientCommand, (payload) => this.#answer(payload))
  }

  /**
   * Tries until somebody leads, at most `requestTimeoutMs`. A question without an answer is asked again unless it may have moved
   * a cursor back: then it rejects with `UNAVAILABLE` or `TIMED_OUT`.
   */
  async do<N extends LeaderCommand>(request: BinaryRequestOf<N>): Promise<BinaryReplyOf<N>> {
    const { clock, limits } = this.#parts.context
    const deadlineMs = clock.monotonicMs() + limits.requestTimeoutMs
    for (;;) {
      const runtime = this.#parts.topics.get(request.topic)
      const { route } = runtime
      try {
        if (route.kind === 'there') return await this.#ask(request, runtime, route)
        if (route.kind === 'here') return await this.#carryOut(request)
      } catch (error) {
        const isUndone = error instanceof WalrusError && error.code === 'NOT_LEADER'
        if (!isUndone && !(isHarmless(request) && mayBeAskedAgain(error))) throw error
      }
      if (clock.monotonicMs() >= deadlineMs) {
        throw new WalrusError('TIMED_OUT', timedOutMessage(`nobody leads "${request.topic}"`))
      }
      await pause(clock, limits.retryMinMs)
    }
  }

  async #ask<N extends LeaderCommand>(
    request: BinaryRequestOf<N>,
    runtime: TopicRuntime,
    route: Route & { readonly kind: 'there' },
  ): Promise<BinaryReplyOf<N>> {
    const { peers, clock, limits } = this.#parts.context
    const payload = binaryRequestFrame(request).subarray(FRAME_HEADER_BYTES)
    const question = {
      node: route.leader,
      kind: CLUSTER_REQUESTS.clientCommand,
      payload: clientCommand.encode({ segment: route.segment, payload }, payload.length),
      timeoutMs: limits.silenceMs,
    }
    const { routeChanged } = runtime
    const way = { clock, graceMs: limits.heartbeatMs, route, current: () => runtime.route, routeChanged }
    const bytes = await askThere(peers, question, way)
    const answer = parseBinaryAnswer(bytes, 0, bytes.length)
    const reply = answer?.status === 'ok' ? readBinaryReply<N>(request.command as N, answer.body) : undefined
    if (reply !== undefined) return reply
    throw new WalrusError('UNAVAILABLE', `Cannot read the answer of node ${route.leader} to a command`)
  }

  async #answer(question: Uint8Array): Promise<Uint8Array> {
    const body = clientCommand.decode(question)
    if (typeof body === 'string') throw unreadable(body)
    const { request } = parseBinaryRequest(body.payload, 0, body.payload.length)
    if (request.command === 'invalid') throw new WalrusError(request.code, request.message)
    if (!isLeaderCommand(request)) throw unreadable(`"${request.command}" is for any node`)
    await this.#parts.topics.reaching(request.topic, body.segment)
    const writer = new BinaryFrameWriter()
    writer.addAnswer(0, request.command, await this.#carryOut(request))
    return writer.take().subarray(FRAME_HEADER_BYTES)
  }
}

/** Done twice it is as if done once. */
function isHarmless<N extends LeaderCommand>(request: BinaryRequestOf<N>): boolean {
  const { command, move } = request as { readonly command: LeaderCommand; readonly move?: CursorMove }
  return command !== 'moveCursor' || move === 'commit'
}

function isLeaderCommand(request: { readonly command: string }): request is BinaryRequestOf<LeaderCommand> {
  return ['next', 'moveCursor', 'fetch'].includes(request.command)
}

function unreadable(reason: string): WalrusError {
  return new WalrusError('INVALID_ARGUMENT', `Cannot read a command: ${reason}`)
}
