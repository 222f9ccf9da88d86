import { expect } from 'chai'
import fc from 'fast-check'
import { sampleTopic } from '../sample-topic.test.js'
import type { TopicMetadata } from './model.js'
import { TopicMap } from './topic-map.js'

type Change = { readonly name: string; readonly remove: boolean; readonly first: number }

const changes = fc.array(
  fc.record<Change>({
    name: fc.oneof(fc.nat(30).map(String), fc.constantFrom('__proto__', 'constructor', 'size')),
    remove: fc.boolean(),
    first: fc.integer({ min: 1, max: 9 }),
  }),
)

describe('topic map', () => {
  it('is what a Map is, after any changes, through every way of reading it', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const model = new Map<string, TopicMetadata>()
        let map = TopicMap.empty
        for (const change of list) map = apply(map, model, change)
        expectSame(map, model)
      }),
    )
  })

  it('never changes once it was made', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const model = new Map<string, TopicMetadata>()
        const made: [TopicMap, ReadonlyMap<string, TopicMetadata>][] = []
        let map = TopicMap.empty
        for (const change of list) {
          map = apply(map, model, change)
          made.push([map, new Map(model)])
        }
        for (const [early, then] of made) expectSame(early, then)
      }),
      { numRuns: 30 },
    )
  })

  it('keeps names apart that share a bucket', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `topic-${index}`)
    const map = TopicMap.from(new Map(names.map((name) => [name, topicOf(name, 1)])))
    expect(map.size).to.equal(10_000)
    for (const name of names) expect(map.get(name)?.name).to.equal(name)
    expect(map.without('topic-7').has('topic-7')).to.equal(false)
    expect(map.without('topic-7').size).to.equal(9999)
  })

  it('is itself when there is nothing to do', () => {
    const map = TopicMap.empty.with(topicOf('a', 1))
    expect(map.without('b')).to.equal(map)
    expect(TopicMap.from(map)).to.equal(map)
  })
})

function apply(map: TopicMap, model: Map<string, TopicMetadata>, change: Change): TopicMap {
  if (change.remove) {
    model.delete(change.name)
    return map.without(change.name)
  }
  const topic = topicOf(change.name, change.first)
  model.set(change.name, topic)
  return map.with(topic)
}

function expectSame(map: TopicMap, model: ReadonlyMap<string, TopicMetadata>): void {
  const seen = new Map<string, TopicMetadata>()
  map.forEach((topic, name) => seen.set(name, topic))
  expect(map.size).to.equal(model.size)
  expect(seen).to.deep.equal(model)
  expect(new Map(map)).to.deep.equal(model)
  expect([...map.keys()].sort()).to.deep.equal([...model.keys()].sort())
  expect([...map.values()].map(({ name }) => name).sort()).to.deep.equal([...model.keys()].sort())
  for (const [name, topic] of model) expect(map.get(name)).to.equal(topic)
  expect(map.get('never')).to.equal(undefined)
}

function topicOf(name: string, first: number): TopicMetadata {
  return { ...sampleTopic(['open'], first), name }
}
