import { expect } from 'chai'
import fc from 'fast-check'
import type { NodeId, NodeMetadata } from './metadata/model.js'
import { planReplacement } from './replacement.js'

const segment = { replicas: [1, 2, 3] }

describe('other replicas for a sealed segment', () => {
  it('are not looked for while all are there', () => {
    expect(planReplacement(segment, view([1, 2, 3, 4]))).to.equal(undefined)
  })

  it('take the place of a dead one', () => {
    expect(planReplacement(segment, view([1, 2, 3, 4, 5], { dead: [2] }))).to.deep.equal({
      removed: 2,
      added: 4,
      after: [1, 4, 3],
    })
  })

  it('are waited for when no live node is without a copy', () => {
    expect(planReplacement(segment, view([1, 2, 3], { dead: [2] }))).to.equal(undefined)
    expect(planReplacement(segment, view([1, 2, 3, 4], { dead: [2, 4] }))).to.equal(undefined)
    expect(planReplacement(segment, view([1, 2, 3, 4], { draining: [2], dead: [4] }))).to.equal(undefined)
  })

  it('are fewer when a node leaves and every other one has a copy', () => {
    expect(planReplacement(segment, view([1, 2, 3], { draining: [3] }))).to.deep.equal({
      removed: 3,
      added: undefined,
      after: [1, 2],
    })
    expect(planReplacement({ replicas: [3] }, view([3], { draining: [3] }))).to.equal(undefined)
  })

  it('never lose a copy that counts, nor gain one on a node that may not have it', () => {
    const ids = [1, 2, 3, 4, 5, 6]
    const world = fc.record({
      replicas: fc.shuffledSubarray(ids, { minLength: 1, maxLength: 4 }),
      known: fc.shuffledSubarray(ids),
      dead: fc.subarray(ids),
      draining: fc.subarray(ids),
    })
    fc.assert(
      fc.property(world, ({ replicas, known, dead, draining }) => {
        const plan = planReplacement({ replicas }, view(known, { dead, draining }))
        if (plan === undefined) return
        const kept = replicas.filter((node) => node !== plan.removed)
        expect(plan.after).to.include.members(kept)
        expect(plan.after).to.not.include(plan.removed)
        expect(new Set(plan.after).size).to.equal(plan.after.length).and.above(0)
        if (plan.added === undefined) return
        expect(known.includes(plan.added) && !dead.includes(plan.added) && !draining.includes(plan.added)).to.equal(
          true,
        )
        expect(plan.after.length).to.equal(replicas.length)
      }),
    )
  })
})

function view(
  ids: readonly NodeId[],
  { dead = [], draining = [] }: { dead?: readonly NodeId[]; draining?: readonly NodeId[] } = {},
): Parameters<typeof planReplacement>[1] {
  const node = (id: NodeId): NodeMetadata => ({
    id,
    address: `node-${id}:6000`,
    role: 'voter',
    draining: draining.includes(id),
  })
  return {
    nodes: new Map(ids.map((id) => [id, node(id)])),
    live: new Set(ids.filter((id) => !dead.includes(id))),
    dead: new Set(dead),
  }
}
