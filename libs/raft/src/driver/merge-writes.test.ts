import { expect } from 'chai'
import { RandomStream } from '../simulation/random.js'
import { MemoryLog } from '../core/memory-log.js'
import { emptyConfState, type Entry, type Snapshot } from '../core/types.js'
import { type LogWrite } from '../ports/log-store.js'
import { mergeWrites } from './merge-writes.js'

describe('merged writes', () => {
  it('have the effect of all of them, one after the other', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = new RandomStream(seed)
      const one = new MemoryLog()
      const other = new MemoryLog()
      for (let round = 0; round < 8; round++) {
        const writes: LogWrite[] = []
        for (let count = random.between(1, 5); count > 0; count--) {
          writes.push(nextWrite(random, one))
          one.write(writes[writes.length - 1]!)
        }
        other.write(mergeWrites(writes))
        expect(contentOf(other), `seed ${seed}`).to.deep.equal(contentOf(one))
      }
    }
  })

  it('are durable when one of them must be', () => {
    const lazy: LogWrite = { snapshot: null, entries: [], hardState: null, mustSync: false }
    expect(mergeWrites([lazy, lazy]).mustSync).to.equal(false)
    expect(mergeWrites([lazy, { ...lazy, mustSync: true }, lazy]).mustSync).to.equal(true)
  })
})

function nextWrite(random: RandomStream, log: MemoryLog): LogWrite {
  const last = log.lastIndex()
  const term = (log.initialState().hardState?.term ?? 0) + random.integer(2)
  const snapshot: Snapshot | null = random.chance(15)
    ? { index: last + 1 + random.integer(3), term, confState: emptyConfState, data: Uint8Array.of(seedOf(random)) }
    : null
  const base = snapshot?.index ?? log.firstIndex() - 1
  const from = snapshot === null ? random.between(base + 1, last + 1) : base + 1
  const entries: Entry[] = Array.from({ length: random.integer(4) }, (_, at) => ({
    index: from + at,
    term,
    type: 'normal',
    data: Uint8Array.of(seedOf(random)),
  }))
  const hardState = random.chance(60) || snapshot !== null ? { term, vote: random.integer(3), commit: base } : null
  return { snapshot, entries, hardState, mustSync: true }
}

function seedOf(random: RandomStream): number {
  return random.integer(256)
}

function contentOf(log: MemoryLog): unknown {
  const [first, last] = [log.firstIndex(), log.lastIndex()]
  const hardState = log.initialState().hardState
  return { first, last, entries: log.entries(first, last + 1, Infinity), snapshot: log.snapshot(), hardState }
}
