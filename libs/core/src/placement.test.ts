import { expect } from 'chai'
import fc from 'fast-check'
import { sampleNode } from './metadata/command-sequences.test.js'
import type { NodeMetadata } from './metadata/model.js'
import { placeFirstSegment, placeNextSegment, type PlacementView } from './placement.js'

type Health = 'live' | 'dead' | 'draining' | 'learner'

describe('placement', () => {
  it('goes round the live voters in ascending order', () => {
    const view = clusterOf({ 3: 'live', 1: 'live', 20: 'live' })
    expect([1, 3, 20].map((current) => placeNextSegment(view, current, 1)?.leader)).to.deep.equal([3, 20, 1])
  })

  it('passes over dead, draining and learning nodes', () => {
    const view = clusterOf({ 1: 'live', 2: 'dead', 3: 'draining', 4: 'learner', 5: 'live' })
    expect(placeNextSegment(view, 1, 1)?.leader).to.equal(5)
    expect(placeNextSegment(view, 5, 1)?.leader).to.equal(1)
  })

  it('goes on from the place of a leader that is dead, draining or gone', () => {
    const view = clusterOf({ 1: 'live', 2: 'dead', 3: 'live' })
    expect(placeNextSegment(view, 2, 1)?.leader).to.equal(3)
    expect(placeNextSegment(clusterOf({ 1: 'live', 4: 'live' }), 3, 1)?.leader).to.equal(4)
  })

  it('stays where it is when nobody else can, and is undefined when nobody can', () => {
    expect(placeNextSegment(clusterOf({ 1: 'live' }), 1, 3)).to.deep.equal({ leader: 1, replicas: [1] })
    for (const health of ['dead', 'draining', 'learner'] as const) {
      expect(placeNextSegment(clusterOf({ 1: health }), 1, 3)).to.equal(undefined)
      expect(placeFirstSegment(clusterOf({ 1: health }), 'logs', 3)).to.equal(undefined)
    }
    expect(placeFirstSegment({ nodes: new Map(), live: new Set() }, 'logs', 3)).to.equal(undefined)
  })

  const replicaTable: readonly [string, Record<number, Health>, number, readonly number[]][] = [
    ['starts at the leader, round', { 1: 'live', 2: 'live', 3: 'live' }, 3, [2, 3, 1]],
    ['takes no more than the factor', { 1: 'live', 2: 'live', 3: 'live', 4: 'live' }, 2, [2, 3]],
    ['takes no more than there are voters', { 1: 'live', 2: 'live', 3: 'learner' }, 3, [2, 1]],
    ['prefers the live ones', { 1: 'live', 2: 'live', 3: 'dead', 4: 'live' }, 3, [2, 4, 1]],
    ['fills up with dead voters', { 1: 'live', 2: 'live', 3: 'dead' }, 3, [2, 1, 3]],
    ['gives a draining node nothing', { 1: 'live', 2: 'live', 3: 'draining' }, 3, [2, 1]],
  ]
  for (const [name, cluster, factor, replicas] of replicaTable) {
    it(`of replicas ${name}`, () => {
      expect(placeNextSegment(clusterOf(cluster), 1, factor)?.replicas).to.deep.equal(replicas)
    })
  }

  it('spreads first leaders evenly, the same on every node', () => {
    const view = clusterOf({ 1: 'live', 2: 'live', 3: 'live', 4: 'draining' })
    const leaders = Array.from({ length: 3000 }, (_, index) => placeFirstSegment(view, `topic-${index}`, 3)!.leader)
    for (const id of [1, 2, 3]) {
      expect(leaders.filter((leader) => leader === id).length).to.be.within(850, 1150)
    }
    expect(
      ['logs', 'payments', 'topic-2', 'foo'].map((name) => placeFirstSegment(view, name, 1)!.leader),
    ).to.deep.equal(FIRST_LEADERS)
  })

  const clusters = fc.dictionary(
    fc.integer({ min: 1, max: 9 }).map(String),
    fc.constantFrom<Health[]>('live', 'dead', 'draining', 'learner'),
  )

  it('never leads from a dead, draining or learning node, and has a leader whenever there is a live voter', () => {
    fc.assert(
      fc.property(
        clusters,
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 5 }),
        (cluster, current, factor) => {
          const view = clusterOf(cluster)
          const anyLive = Object.values(cluster).includes('live')
          for (const placement of [placeNextSegment(view, current, factor), placeFirstSegment(view, 'logs', factor)]) {
            expect(placement !== undefined).to.equal(anyLive)
            if (placement !== undefined) expect(cluster[placement.leader]).to.equal('live')
          }
        },
      ),
    )
  })

  it('makes replica sets of the right size, led first, without repeats, dead nodes only when no live one is left', () => {
    fc.assert(
      fc.property(
        clusters,
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 5 }),
        (cluster, current, factor) => {
          const placement = placeNextSegment(clusterOf(cluster), current, factor)
          if (placement === undefined) return
          const { leader, replicas } = placement
          const of = (health: Health) => Object.values(cluster).filter((one) => one === health).length
          expect(replicas[0]).to.equal(leader)
          expect(new Set(replicas).size).to.equal(replicas.length)
          expect(replicas.length).to.equal(Math.min(factor, of('live') + of('dead')))
          expect(replicas.filter((id) => cluster[id] === 'live').length).to.equal(Math.min(factor, of('live')))
        },
      ),
    )
  })

  it('rotates fairly: as many rollovers as live voters visit each of them once', () => {
    fc.assert(
      fc.property(clusters, fc.integer({ min: 1, max: 10 }), (cluster, start) => {
        const live = Object.keys(cluster)
          .map(Number)
          .filter((id) => cluster[id] === 'live')
        const visited: number[] = []
        let current = start
        for (let turn = 0; turn < live.length; turn++) {
          current = placeNextSegment(clusterOf(cluster), current, 3)!.leader
          visited.push(current)
        }
        expect(visited.sort((left, right) => left - right)).to.deep.equal(live.sort((left, right) => left - right))
      }),
    )
  })
})

/** Pinned: a topic's first leader must not move with a release. */
const FIRST_LEADERS = [1, 3, 2, 3]

function clusterOf(cluster: Readonly<Record<number, Health>>): PlacementView {
  const entries = Object.entries(cluster).map(([id, health]): [NodeMetadata, Health] => [
    nodeOf(Number(id), health),
    health,
  ])
  return {
    nodes: new Map(entries.map(([node]) => [node.id, node])),
    live: new Set(entries.filter(([, health]) => health !== 'dead').map(([node]) => node.id)),
  }
}

function nodeOf(id: number, health: Health): NodeMetadata {
  return { ...sampleNode(id), role: health === 'learner' ? 'learner' : 'voter', draining: health === 'draining' }
}
