import { WalrusError, type NodeId, type SealedSize, type SegmentKey } from '@walrus/core'
import { CLUSTER_REQUESTS } from '@walrus/protocol'
import type { NodeContext } from '../node-context.js'
import { parseReport, type SelfReport } from './node-report.js'

/** What other nodes may ask of this one. */
export interface AdminAnswers {
  readonly report: () => SelfReport
  /** Rejects when the topic is not known here. */
  readonly roll: (topic: string) => Promise<void>
  /** Undefined when this node has no whole copy. */
  readonly sealedSize: (key: SegmentKey) => SealedSize | undefined
}

type Command =
  | { readonly command: 'report' }
  | { readonly command: 'roll'; readonly topic: string }
  | ({ readonly command: 'sealed-size' } & SegmentKey)

/** What nodes ask each other on behalf of operators: JSON, one object for the question and one for the answer. */
export class AdminQuestions {
  readonly #context: Pick<NodeContext, 'peers' | 'limits'>
  readonly #answers: AdminAnswers

  constructor(context: Pick<NodeContext, 'peers' | 'limits'>, answers: AdminAnswers) {
    this.#context = context
    this.#answers = answers
    context.peers.handle(CLUSTER_REQUESTS.administer, async (payload) => encode(await this.#answer(parse(payload))))
  }

  async report(node: NodeId): Promise<SelfReport> {
    const report = parseReport(await this.#ask(node, { command: 'report' }, this.#context.limits.leaseMs))
    if (report === undefined) throw new WalrusError('UNAVAILABLE', `Cannot read the report of node ${node}`)
    return report
  }

  async roll(node: NodeId, topic: string): Promise<void> {
    await this.#ask(node, { command: 'roll', topic }, this.#context.limits.requestTimeoutMs)
  }

  /** Undefined when the node has no whole copy. */
  async sealedSize(node: NodeId, { topic, segment }: SegmentKey): Promise<SealedSize | undefined> {
    const { limits } = this.#context
    const answer = await this.#ask(node, { command: 'sealed-size', topic, segment }, limits.requestTimeoutMs)
    return parseSealedSize(answer, segment)
  }

  async #ask(node: NodeId, command: Command, timeoutMs: number): Promise<unknown> {
    return decode(await this.#context.peers.request(node, CLUSTER_REQUESTS.administer, encode(command), timeoutMs))
  }

  async #answer(command: Command): Promise<object> {
    switch (command.command) {
      case 'report':
        return this.#answers.report()
      case 'roll':
        await this.#answers.roll(command.topic)
        return {}
      case 'sealed-size':
        return this.#answers.sealedSize(command) ?? {}
    }
  }
}

function parse(payload: Uint8Array): Command {
  const { command, topic, segment } = fieldsOf(decode(payload))
  if (command === 'report') return { command }
  if (command === 'roll' && typeof topic === 'string') return { command, topic }
  if (command === 'sealed-size' && typeof topic === 'string' && typeof segment === 'number') {
    return { command, topic, segment }
  }
  throw new WalrusError('INVALID_ARGUMENT', 'Cannot read a request: it is no question of an operator')
}

function parseSealedSize(answer: unknown, segment: number): SealedSize | undefined {
  const { sizeBytes, lastAppendMs } = fieldsOf(answer)
  if (typeof sizeBytes !== 'number' || typeof lastAppendMs !== 'number') return undefined
  return { segment, sizeBytes, lastAppendMs }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function decode(bytes: Uint8Array): unknown {
  try {
    return bytes.length > JSON_BYTES_MAX ? undefined : JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

const JSON_BYTES_MAX = 65_536
