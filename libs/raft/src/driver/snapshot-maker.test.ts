import { expect } from 'chai'
import { emptyConfState, type Snapshot } from '../core/types.js'
import { SnapshotMaker, type SnapshotSource } from './snapshot-maker.js'

const place = { index: 7, term: 2, confState: emptyConfState }
const whole = { ...place, data: Uint8Array.of(1, 1, 2, 2, 3, 3) }

describe('maker of snapshots', () => {
  let turns: (() => void)[]
  let adopted: Snapshot[]
  let saved: Snapshot[]
  let asked: number
  let isStopped: boolean
  let isWanted: boolean
  let isOfUse: boolean
  let machine: { -readonly [Name in keyof SnapshotSource]: SnapshotSource[Name] }
  let maker: SnapshotMaker

  function* pieces(): Generator<Uint8Array, undefined> {
    for (const byte of [1, 2, 3]) {
      asked += 1
      yield Uint8Array.of(byte, byte)
    }
  }

  const draft = () => ({ ...place, pieces: pieces() })

  const runAll = (): void => {
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn()
  }

  beforeEach(() => {
    turns = []
    adopted = []
    saved = []
    asked = 0
    isStopped = false
    isWanted = false
    isOfUse = true
    machine = {
      bytesSinceSnapshot: 0,
      snapshotBytes: 0,
      isRestoring: false,
      snapshotToSave: draft,
      takeWanted: () => (isWanted ? draft() : undefined),
      adopt: (snapshot) => {
        adopted.push(snapshot)
        return isOfUse
      },
    }
    maker = new SnapshotMaker({
      clock: { defer: (task) => void turns.push(task), after: () => ({ cancel: () => undefined }) },
      machine,
      logBytesMin: 100,
      guarded: (task) => isStopped || task(),
      save: (snapshot) => saved.push(snapshot),
    })
  })

  it('makes one piece in each turn, and none at once', () => {
    machine.bytesSinceSnapshot = 100
    maker.makeIfNeeded()
    const seen: number[] = [asked]
    while (turns.length > 0) {
      expect([turns.length, saved]).to.deep.equal([1, []])
      maker.makeIfNeeded()
      turns.shift()?.()
      seen.push(asked)
    }
    expect(seen).to.deep.equal([0, 1, 2, 3, 3])
    expect([adopted, saved]).to.deep.equal([[whole], [whole]])
  })

  it('begins when as much was applied as the one before has, and the least, and none is being saved', () => {
    for (const [bytesSinceSnapshot, snapshotBytes, count] of [
      [99, 0, 0],
      [199, 200, 0],
      [200, 200, 1],
      [500, 200, 1],
    ] as const) {
      Object.assign(machine, { bytesSinceSnapshot, snapshotBytes })
      maker.makeIfNeeded()
      runAll()
      expect(saved, `${bytesSinceSnapshot} after ${snapshotBytes}`).to.have.length(count)
    }
    maker.saved()
    maker.makeIfNeeded()
    runAll()
    expect(saved).to.have.length(2)
  })

  it('saves none that somebody only needs, and none that is of no use any more', () => {
    isWanted = true
    maker.makeIfNeeded()
    runAll()
    isOfUse = false
    machine.bytesSinceSnapshot = 100
    maker.makeIfNeeded()
    runAll()
    expect([adopted, saved]).to.deep.equal([[whole, whole], []])
    isOfUse = true
    maker.makeIfNeeded()
    runAll()
    expect(saved).to.deep.equal([whole])
  })

  it('goes no further once the node has stopped', () => {
    machine.bytesSinceSnapshot = 100
    maker.makeIfNeeded()
    turns.shift()?.()
    isStopped = true
    runAll()
    expect([asked, adopted]).to.deep.equal([1, []])
  })
})
