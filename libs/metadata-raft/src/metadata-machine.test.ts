import { encodeCommand, encodeState, WalrusError, type MetadataCommand, type ProtocolEvent } from '@walrus/core'
import { expect } from 'chai'
import { MetadataMachine } from './metadata-machine.js'

const upsert = encodeCommand({ kind: 'UpsertNode', node: { id: 1, address: 'a:1', role: 'voter', draining: false } })

describe('metadata as a state machine', () => {
  it('counts bytes that are no command as a rejected command', () => {
    const machine = new MetadataMachine()
    expect(machine.apply(Uint8Array.of(1, 2, 3))).to.include({ outcome: 'rejected', reason: 'invalid-command' })
    expect(machine.state.version).to.equal(1)
    expect(machine.apply(Buffer.from(upsert))).to.deep.equal({ outcome: 'applied' })
    expect(machine.state.version).to.equal(2)
  })

  it('does not guess what a later release means', () => {
    const later = Buffer.from(upsert.replace('"format":1', '"format":2'))
    expect(() => new MetadataMachine().apply(later)).to.throw(WalrusError, /^Cannot apply a metadata command: format 2/)
  })

  it('is what its snapshot says', () => {
    const machine = new MetadataMachine()
    machine.apply(Buffer.from(upsert))
    const other = new MetadataMachine()
    other.restore(machine.snapshot())
    expect(encodeState(other.state)).to.equal(encodeState(machine.state))
  })

  it('tells a trace of each command and snapshot', () => {
    const events: ProtocolEvent[] = []
    const machine = new MetadataMachine({ record: (event) => void events.push(event) })
    machine.apply(Buffer.from(upsert))
    machine.apply(Buffer.from(upsert))
    machine.restore(machine.snapshot())
    const command: MetadataCommand = {
      kind: 'UpsertNode',
      node: { id: 1, address: 'a:1', role: 'voter', draining: false },
    }
    expect(events).to.deep.equal([
      { kind: 'metadata-applied', version: 1, command, outcome: 'applied' },
      { kind: 'metadata-applied', version: 2, command, outcome: 'unchanged' },
      { kind: 'metadata-restored', version: 2 },
    ])
  })

  it('refuses a snapshot that is damaged, and stays as it was', () => {
    const machine = new MetadataMachine()
    machine.apply(Buffer.from(upsert))
    expect(() => machine.restore(Uint8Array.of(123))).to.throw(WalrusError, /^Cannot restore the metadata: /)
    expect(machine.state.version).to.equal(1)
  })
})
