import { expect } from 'chai'
import { encodeConfChange } from '../core/conf-change.js'
import { emptyConfState, type Entry, type EntryType, type Snapshot } from '../core/types.js'
import { bytesOf, ListMachine } from '../testing/list-machine.js'
import { Machine } from './machine.js'
import { sealProposal } from './proposal-envelope.js'
import { joined } from './snapshot-maker.js'

const members = { ...emptyConfState, voters: [1, 2] }
const fewer = { ...emptyConfState, voters: [1] }

describe('state machine and its place', () => {
  let machine: Machine<number>
  beforeEach(() => (machine = new Machine(new ListMachine(), members)))

  /** Made at once, where a node takes its time. */
  const sent = (firstIndex: number): Snapshot | undefined => {
    const known = machine.snapshotToSend(firstIndex)
    const draft = machine.takeWanted()
    if (draft === undefined) return known
    const { pieces, ...place } = draft
    machine.adopt({ ...place, data: joined(pieces) })
    return machine.snapshotToSend(firstIndex)
  }

  it('answers with the result of a command, and has none for an entry without', () => {
    expect(machine.apply(entryAt(1, command('a')))).to.deep.equal({ result: 1 })
    expect(machine.apply(entryAt(2, new Uint8Array(0)))).to.equal(undefined)
    expect(machine.appliedIndex).to.equal(2)
  })

  it('has nothing to send before anything was applied', () => {
    expect(machine.snapshotToSend(1)).to.equal(undefined)
  })

  it('sends the snapshot that it has while the log goes on after it, and then another one', () => {
    machine.apply(entryAt(1, command('a')))
    const first = sent(1)
    expect(first).to.deep.include({ index: 1, term: 1, confState: members })
    machine.apply(entryAt(2, command('b')))
    expect(sent(2)).to.equal(first)
    expect(sent(3)).to.deep.include({ index: 2 })
  })

  it('sends none with the index of a membership change and the members before it', () => {
    machine.apply(entryAt(1, command('a')))
    const before = sent(1)
    let meanwhile: Snapshot | undefined = before
    const data = encodeConfChange({ transition: 'auto', changes: [{ type: 'remove', id: 2 }] })
    machine.changeMembership(entryAt(2, data, 'confChangeV2'), () => {
      meanwhile = machine.snapshotToSend(1)
      return fewer
    })
    expect(meanwhile).to.equal(undefined)
    expect(sent(1)).to.deep.include({ index: 2, confState: fewer })
  })

  it('sends none while another one is on its way to the disk', () => {
    machine.apply(entryAt(1, command('a')))
    const snapshot = { index: 9, term: 3, confState: fewer, data: bytesOf('x\ny') }
    machine.expectRestore(snapshot)
    expect([machine.isRestoring, machine.snapshotToSend(1)]).to.deep.equal([true, undefined])
    machine.restore(snapshot)
    expect([machine.isRestoring, machine.snapshotToSend(1)]).to.deep.equal([false, snapshot])
    expect(machine.apply(entryAt(10, command('z')))).to.deep.equal({ result: 3 })
  })

  it('counts what was applied since the last snapshot that it took, not since one that it sent', () => {
    machine.apply(entryAt(1, command('a')))
    const bytes = machine.bytesSinceSnapshot
    expect(sent(1)).to.not.equal(undefined)
    expect(machine.bytesSinceSnapshot).to.equal(bytes)
    machine.snapshotToSave()
    expect(machine.bytesSinceSnapshot).to.equal(0)
  })

  it('does not take a snapshot that was made before a newer one came from elsewhere', () => {
    machine.apply(entryAt(1, command('a')))
    const { pieces, ...place } = machine.snapshotToSave()
    const made = { ...place, data: joined(pieces) }
    const received = { index: 9, term: 3, confState: fewer, data: bytesOf('x') }
    machine.expectRestore(received)
    expect(machine.adopt(made)).to.equal(false)
    machine.restore(received)
    expect(machine.adopt(made)).to.equal(false)
    expect(machine.snapshotToSend(1)).to.equal(received)
  })
})

function entryAt(index: number, data: Uint8Array, type: EntryType = 'normal'): Entry {
  return { index, term: 1, type, data }
}

function command(text: string): Uint8Array {
  return sealProposal({ proposer: 1, incarnation: 1, sequence: 1 }, bytesOf(text))
}
