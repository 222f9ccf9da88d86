import { expect } from 'chai'
import fc from 'fast-check'
import { applyCommand, EMPTY_METADATA } from './apply.js'
import { histories, type Step } from './command-sequences.test.js'
import { decodeState, encodeState } from './encoding.js'
import { stateFault } from './invariants.js'
import type { ClusterMetadata, MetadataCommand, TopicMetadata } from './model.js'

const COMPARE_AND_SET: ReadonlySet<MetadataCommand['kind']> = new Set([
  'SealAndRoll',
  'FenceSegment',
  'TrimTopic',
  'DeleteTopic',
])

describe('metadata, over random histories', () => {
  it('reaches what it wants to test: every kind applies, and every kind of segment command is refused', () => {
    const seen = new Set<string>()
    const sample = fc.sample(histories, { numRuns: 300, seed: 1 })
    for (const { command, result } of sample.flat()) seen.add(`${command.kind} ${result.outcome}`)
    for (const kind of COMPARE_AND_SET) {
      expect(seen).to.include(`${kind} applied`)
      expect(seen).to.include(`${kind} unchanged`)
      expect(seen).to.include(`${kind} rejected`)
    }
    expect(seen).to.include.all.keys('CreateTopic applied', 'CreateTopic rejected', 'ConfigureTopic applied')
    expect(seen).to.include.all.keys('UpsertNode applied', 'RemoveNode applied', 'RemoveNode rejected')
  })

  it('keeps every invariant after every command', () => {
    forEachHistory((steps) => {
      for (const { after } of steps) expect(stateFault(after)).to.equal(undefined)
    })
  })

  it('makes base offsets the sum of the counts that were sealed before, also when those are trimmed', () => {
    forEachHistory((steps) => {
      const sealedCounts = new Map<string, number>()
      for (const { command, result, after } of steps) {
        if (result.outcome === 'applied') count(sealedCounts, command)
        for (const topic of after.topics.values()) {
          expect(topic.segments.at(-1)!.baseOffset).to.equal(sealedCounts.get(topic.name) ?? 0)
        }
      }
    })
  })

  it('never changes a sealed segment, nor the leader or the base offset of any', () => {
    forEachHistory((steps) => {
      for (const { before, after } of steps) {
        for (const topic of before.topics.values()) expectKept(topic, after.topics.get(topic.name))
      }
    })
  })

  it('counts every command, and changes nothing else unless it is applied', () => {
    forEachHistory((steps) => {
      for (const { before, after, result } of steps) {
        expect(after.version).to.equal(before.version + 1)
        if (result.outcome === 'applied') continue
        expect(after.topics).to.equal(before.topics)
        expect(after.nodes).to.equal(before.nodes)
      }
    })
  })

  it('finds nothing to do for a command that was just applied', () => {
    forEachHistory((steps) => {
      for (const { command, result, after } of steps) {
        if (result.outcome !== 'applied') continue
        expect(applyCommand(after, command).result).to.deep.equal({ outcome: 'unchanged' })
      }
    })
  })

  it('applies a compare-and-set once in all history, also across deletion and creation', () => {
    forEachHistory((steps) => {
      const appliedOnce = new Set<string>()
      for (const { command, result } of steps) {
        if (result.outcome !== 'applied' || !COMPARE_AND_SET.has(command.kind)) continue
        const identity = JSON.stringify(command)
        expect(appliedOnce.has(identity), identity).to.equal(false)
        appliedOnce.add(identity)
      }
    })
  })

  it('never shows two writers: (topic, segment, epoch) names one leader for ever', () => {
    forEachHistory((steps) => {
      const leaders = new Map<string, number>()
      for (const { after } of steps) {
        for (const { name, segments } of after.topics.values()) {
          for (const { id, epoch, leader } of segments) {
            const identity = `${name} ${id} ${epoch}`
            expect(leaders.get(identity) ?? leader).to.equal(leader)
            leaders.set(identity, leader)
          }
        }
      }
    })
  })

  it('is deterministic, and leaves every state that was read before as it was', () => {
    forEachHistory((steps) => {
      const states = replay(steps.map((step) => step.command))
      states.forEach(({ state, text }, index) => {
        expect(encodeState(state)).to.equal(text)
        expect(encodeState(steps[index]!.after)).to.equal(text)
      })
    })
  })

  it('comes to the same bytes and results when a node restores a snapshot in between and replays the rest', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (steps, seed) => {
        const cut = seed % steps.length
        let state = restored(steps[cut]!.before)
        for (const { command, result, after } of steps.slice(cut)) {
          const applied = applyCommand(state, command)
          expect(applied.result).to.deep.equal(result)
          expect(encodeState(applied.state)).to.equal(encodeState(after))
          state = applied.state
        }
      }),
      { numRuns: 50 },
    )
  })
})

function forEachHistory(check: (steps: readonly Step[]) => void): void {
  fc.assert(fc.property(histories, check))
}

function replay(commands: readonly MetadataCommand[]): readonly { state: ClusterMetadata; text: string }[] {
  const states: { state: ClusterMetadata; text: string }[] = []
  for (const command of commands) {
    const { state } = applyCommand(states.at(-1)?.state ?? EMPTY_METADATA, command)
    states.push({ state, text: encodeState(state) })
  }
  return states
}

function restored(state: ClusterMetadata): ClusterMetadata {
  const decoded = decodeState(encodeState(state))
  if (!decoded.ok) throw new Error(decoded.fault)
  return decoded.value
}

function count(sealedCounts: Map<string, number>, command: MetadataCommand): void {
  if (command.kind === 'DeleteTopic') sealedCounts.delete(command.topic)
  if (command.kind !== 'SealAndRoll') return
  sealedCounts.set(command.topic, (sealedCounts.get(command.topic) ?? 0) + command.entryCount)
}

function expectKept(before: TopicMetadata, after: TopicMetadata | undefined): void {
  for (const segment of before.segments) {
    const now = after?.segments.find((one) => one.id === segment.id)
    if (now === undefined) continue
    if (segment.state === 'sealed') expect(now).to.deep.equal({ ...segment, replicas: now.replicas })
    expect(now).to.include({ leader: segment.leader, baseOffset: segment.baseOffset })
    expect(now.epoch).to.be.at.least(segment.epoch)
  }
}
