import { WalrusError, type NodeId } from '@walrus/core'
import { CLUSTER_REQUESTS } from '@walrus/protocol'
import type { NodeContext } from '../node-context.js'
import { parseReport, type SelfReport } from './node-report.js'

/** What other nodes may ask of this one. */
export interface AdminAnswers {
  readonly report: () => SelfReport
  /** Rejects when the topic is not known here. */
  readonly roll: (topic: string) => Promise<void>
}

type Command = { readonly command: 'report' } | { readonly command: 'roll'; readonly topic: string }

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

  async #ask(node: NodeId, command: Command, timeoutMs: number): Promise<unknown> {
    return decode(await this.#context.peers.request(node, CLUSTER_REQUESTS.administer, encode(command), timeoutMs))
  }

  async #answer(command: Command): Promise<object> {
    if (command.command === 'report') return this.#answers.report()
    await this.#answers.roll(command.topic)
    return {}
  }
}

function parse(payload: Uint8Array): Command {
  const question = decode(payload)
  if (typeof question === 'object' && question !== null && 'command' in question) {
    if (question.command === 'report') return { command: 'report' }
    if (question.command === 'roll' && 'topic' in question && typeof question.topic === 'string') {
      return { command: 'roll', topic: question.topic }
    }
  }
  throw new WalrusError('INVALID_ARGUMENT', 'Cannot read a request: it is no question of an operator')
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
