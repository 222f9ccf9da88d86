import {
  formatSegmentKey,
  lastSegment,
  reasonOf,
  type SegmentKey,
  type SegmentMetadata,
  type Timer,
  type TopicMetadata,
} from '@walrus/core'
import type { NodeContext } from '../node-context.js'
import { backoffMs } from '../pause.js'
import type { SegmentRecovery } from './segment-recovery.js'

/**
 * On the leader of the metadata: has each segment recovered whose leader is gone, each by one attempt at a time. Elsewhere it
 * does nothing, until this node is that leader.
 */
export class RecoveryCoordinator {
  readonly #context: NodeContext
  readonly #recovery: SegmentRecovery
  readonly #underWay = new Map<string, Promise<void>>()
  readonly #failures = new Map<string, Failure>()
  readonly #unsubscribe: () => void
  #timer: Timer | undefined
  #wasCoordinator = false
  /** The version of the metadata and the nodes that were silent when all topics were last looked at. */
  #lastSight = ''
  /** A segment that is to be recovered had to wait for others. */
  #hasSkipped = false
  #closed = false

  constructor(context: NodeContext, recovery: SegmentRecovery) {
    this.#context = context
    this.#recovery = recovery
    // A fence, most of all: the sooner, the shorter the topic has no leader. Who leads is not asked at each command: whoever did
    // when it was looked last does no harm.
    this.#unsubscribe = context.metadata.subscribe((command, state) => {
      if (!this.#wasCoordinator || this.#closed || !('topic' in command)) return
      const topic = state.topics.get(command.topic)
      if (topic !== undefined) this.#look(topic)
    })
    this.#sweep()
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    this.#unsubscribe()
    this.#recovery.close()
    await Promise.all(this.#underWay.values())
  }

  get #isCoordinator(): boolean {
    return !this.#closed && this.#context.metadata.status().role === 'Leader'
  }

  #sweep(): void {
    const { clock, limits, metadata } = this.#context
    const isCoordinator = this.#isCoordinator
    const isNew = isCoordinator && !this.#wasCoordinator
    this.#wasCoordinator = isCoordinator
    if (isNew || (isCoordinator && this.#looksAgain())) {
      this.#hasSkipped = false
      this.#forgetSettled()
      for (const topic of metadata.state.topics.values()) this.#look(topic)
    }
    this.#timer = clock.after(limits.recoveryIntervalMs, () => this.#sweep())
  }

  /** What could not be recovered here may have been recovered by another coordinator, or be gone. */
  #forgetSettled(): void {
    for (const [name, { key }] of this.#failures) {
      const topic = this.#context.metadata.state.topics.get(key.topic)
      const segment = topic && lastSegment(topic)
      if (segment?.id !== key.segment || !this.#isToRecover(segment)) this.#failures.delete(name)
    }
  }

  /**
   * There may be a segment to recover of which no change of the metadata tells. Without one, thousands of topics cost nothing; what
   * was seen once, with the same nodes silent, need not be looked at again.
   */
  #looksAgain(): boolean {
    const { liveness, limits, metadata } = this.#context
    if (this.#hasSkipped || this.#underWay.size > 0 || this.#failures.size > 0) return true
    const silent = [...metadata.state.nodes.keys()].filter((node) => liveness.silentMs(node) > limits.silenceMs)
    const sight = silent.length === 0 ? '' : `${metadata.state.version} ${silent.join(' ')}`
    if (sight === this.#lastSight) return false
    this.#lastSight = sight
    return sight !== ''
  }

  #look(topic: TopicMetadata): void {
    const segment = lastSegment(topic)
    if (!this.#isToRecover(segment)) return
    const key = { topic: topic.name, segment: segment.id }
    const name = formatSegmentKey(key)
    if (this.#underWay.has(name)) return
    if (this.#underWay.size >= this.#context.limits.recoveriesMax) {
      this.#hasSkipped = true
      return
    }
    if (this.#isTooSoon(name)) return
    this.#underWay.set(
      name,
      this.#recover(key, name).finally(() => this.#underWay.delete(name)),
    )
  }

  /** A segment with one copy waits for the node that has it. */
  #isToRecover({ state, leader, replicas }: SegmentMetadata): boolean {
    const { liveness, limits } = this.#context
    if (state === 'recovering') return true
    return state === 'open' && replicas.length > 1 && liveness.silentMs(leader) > limits.silenceMs
  }

  #isTooSoon(name: string): boolean {
    const failure = this.#failures.get(name)
    return failure !== undefined && this.#context.clock.monotonicMs() < failure.notBeforeMs
  }

  /** Never rejects. */
  async #recover(key: SegmentKey, name: string): Promise<void> {
    try {
      await this.#recovery.recover(key)
      this.#failures.delete(name)
    } catch (error) {
      this.#noteFailure(key, name, reasonOf(error))
    }
  }

  #noteFailure(key: SegmentKey, name: string, reason: string): void {
    const { topic, segment } = key
    const { clock, limits, report } = this.#context
    const attempt = (this.#failures.get(name)?.attempt ?? 0) + 1
    if (!this.#closed && attempt === 1) report('warn', 'a segment cannot be recovered yet', { topic, segment, reason })
    this.#failures.set(name, { key, attempt, notBeforeMs: clock.monotonicMs() + backoffMs(attempt, limits) })
  }
}

interface Failure {
  readonly key: SegmentKey
  readonly attempt: number
  readonly notBeforeMs: number
}
