import {
  decideRecovery,
  endPosition,
  formatSegmentKey,
  longestCopy,
  placeNextSegment,
  WalrusError,
  wholeCopies,
  type CopyReport,
  type NodeId,
  type SegmentCounts,
  type SegmentKey,
  type SegmentMetadata,
} from '@walrus/core'
import type { FenceAnswer } from '@walrus/protocol'
import type { NodeContext } from '../node-context.js'
import { knownSegment } from './await-metadata.js'
import type { CopyQuestions } from './copy-questions.js'
import { firstEnough } from './first-enough.js'
import { traceSeal, type SealAndRoll } from '../tracing/trace-seal.js'
import { proposeKnown } from './propose-known.js'

/** What ended a segment. */
export interface SealedAt {
  readonly counts: SegmentCounts
  /** Replicas that did not say how long their copies are. */
  readonly unheard: readonly NodeId[]
}

/**
 * Ends a segment whose leader is gone: no quorum is left to it, the longest copy that can have acknowledged entries is on an ack
 * quorum, metadata seals the segment there and names the next leader. Any step may be repeated, by any node.
 */
export class SegmentRecovery {
  readonly #context: NodeContext
  readonly #questions: CopyQuestions
  #closed = false

  constructor(context: NodeContext, questions: CopyQuestions) {
    this.#context = context
    this.#questions = questions
  }

  close(): void {
    this.#closed = true
  }

  /**
   * Resolves when metadata here shows that the segment is sealed, by whomever. Rejects with `UNAVAILABLE` when too few replicas
   * can be reached, or no live node can lead what follows: then it is to be tried again.
   */
  async recover(key: SegmentKey): Promise<void> {
    const segment = await this.#fenced(key)
    if (segment === undefined) return
    const reports = await this.#reports(key, segment)
    const decision = decideRecovery(segment, reports)
    if (decision.kind === 'wait') throw this.#cannot(key, `${decision.missing} more of its replicas must be heard`)
    const { source, copies } = decision
    this.#traceDecision(key, segment, reports, source)
    await this.#copyTo(copies, key, { segment, source, whole: wholeCopies(source, reports) })
    await this.#seal(key, segment, source, 'recovery')
  }

  /**
   * As `recover`, with whatever replicas answer, even none or a damaged one, up to its damage: acknowledged entries that only the
   * others have, or that stood behind the damage, are lost. Resolves with the end that the segment has now.
   */
  async force(key: SegmentKey): Promise<SealedAt> {
    const segment = await this.#fenced(key)
    if (segment === undefined) return { counts: this.#sealedCounts(key), unheard: [] }
    const reports = await this.#reports(key, segment, segment.replicas.length)
    const source = longestCopy(reports)
    await this.#seal(key, segment, source ?? { entryCount: 0, controlCount: 0 }, 'operator')
    const heard = reports.filter(({ damaged }) => !damaged).map(({ node }) => node)
    return { counts: this.#sealedCounts(key), unheard: segment.replicas.filter((node) => !heard.includes(node)) }
  }

  /** The segment once it is recovering; undefined when it is sealed, or gone. */
  async #fenced(key: SegmentKey): Promise<SegmentMetadata | undefined> {
    const segment = knownSegment(this.#context, key)
    if (segment?.state === 'open') {
      const { epoch } = segment
      await proposeKnown(this.#context, { kind: 'FenceSegment', ...named(key), epoch }, () => this.#isAt(key, epoch))
    }
    const fenced = knownSegment(this.#context, key)
    return fenced?.state === 'recovering' ? fenced : undefined
  }

  /** What the replicas have: as soon as `count` of them have answered, or enough that a recovery can be decided. */
  async #reports(key: SegmentKey, segment: SegmentMetadata, count?: number): Promise<readonly FenceReport[]> {
    const asked = segment.replicas.map(async (node): Promise<FenceReport> => {
      const { epoch } = segment
      return { node, ...(await this.#questions.fence(node, { ...named(key), epoch })) }
    })
    if (count !== undefined) return await firstEnough(asked, (reports) => reports.length >= count)
    // What a damaged copy has acknowledged nobody knows: it is not heard.
    const heard = asked.map(async (report) => this.#undamaged(key, await report))
    return await firstEnough(heard, (reports) => decideRecovery(segment, reports).kind === 'seal')
  }

  #undamaged(key: SegmentKey, report: FenceReport): FenceReport {
    if (!report.damaged) return report
    throw this.#cannot(key, `the copy of node ${report.node} is damaged`)
  }

  /** At least so many nodes have all of the longest copy when it resolves. */
  async #copyTo(copies: number, key: SegmentKey, { segment, source, whole }: Longest): Promise<void> {
    if (whole.length >= copies || endPosition(source) === 0) return
    const { epoch } = segment
    const { entryCount, controlCount } = source
    const request = { ...named(key), epoch, source: source.node, entryCount, controlCount }
    const others = segment.replicas.filter((node) => !whole.includes(node))
    const asked = others.map((node) => this.#questions.copySegment(node, request))
    const copied = await firstEnough(asked, (answers) => whole.length + answers.length >= copies)
    const missing = copies - whole.length - copied.length
    if (missing > 0) throw this.#cannot(key, `${missing} more of its replicas must have a whole copy`)
  }

  async #seal(
    key: SegmentKey,
    segment: SegmentMetadata,
    counts: SegmentCounts,
    by: 'recovery' | 'operator',
  ): Promise<void> {
    const command = this.#sealAndRoll(key, segment, counts)
    traceSeal(this.#context.trace, command, by)
    const result = await proposeKnown(this.#context, command, () => this.#isAt(key, segment.epoch))
    if (result.outcome !== 'rejected') {
      const { entryCount } = counts
      this.#context.report('info', 'segment recovered', { ...named(key), entryCount, nextLeader: command.nextLeader })
    } else if (this.#isAt(key, segment.epoch)) throw this.#cannot(key, result.detail)
  }

  #traceDecision(
    { topic, segment }: SegmentKey,
    { epoch }: SegmentMetadata,
    reports: readonly CopyReport[],
    { entryCount, controlCount }: CopyReport,
  ): void {
    const { trace } = this.#context
    trace?.record({ kind: 'recovery-decided', topic, segment, epoch, reports, entryCount, controlCount })
  }

  #sealAndRoll(key: SegmentKey, segment: SegmentMetadata, { entryCount, controlCount }: SegmentCounts): SealAndRoll {
    const { metadata, liveness } = this.#context
    const topic = metadata.state.topics.get(key.topic)
    const view = { nodes: metadata.state.nodes, live: liveness.placeable() }
    const placement = topic && placeNextSegment(view, segment.leader, topic.config.replicationFactor)
    if (placement === undefined) throw this.#cannot(key, 'no live voter can lead what follows')
    const next = { nextLeader: placement.leader, nextReplicas: placement.replicas }
    return { kind: 'SealAndRoll', ...named(key), epoch: segment.epoch, entryCount, controlCount, ...next }
  }

  #isAt(key: SegmentKey, epoch: number): boolean {
    const segment = knownSegment(this.#context, key)
    return !this.#closed && segment?.epoch === epoch && segment.state !== 'sealed'
  }

  #sealedCounts(key: SegmentKey): SegmentCounts {
    const segment = knownSegment(this.#context, key)
    if (segment?.state === 'sealed') return segment
    throw this.#cannot(key, 'it has changed meanwhile')
  }

  #cannot(key: SegmentKey, reason: string): WalrusError {
    return new WalrusError('UNAVAILABLE', `Cannot seal segment "${formatSegmentKey(key)}": ${reason}`)
  }
}

type FenceReport = CopyReport & Pick<FenceAnswer, 'damaged'>

/** The longest copy of a fenced segment, and the nodes that have all of it. */
interface Longest {
  readonly segment: SegmentMetadata
  readonly source: CopyReport
  readonly whole: readonly NodeId[]
}

function named({ topic, segment }: SegmentKey): SegmentKey {
  return { topic, segment }
}
