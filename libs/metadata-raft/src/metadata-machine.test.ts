import {
  DEFAULT_TOPIC_CONFIG,
  encodeCommand,
  encodeState,
  WalrusError,
  type MetadataCommand,
  type ProtocolEvent,
} from '@walrus/core'
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

  it('is what its snapshot says, whatever is applied while that is made', () => {
    const machine = new MetadataMachine()
    machine.apply(Buffer.from(upsert))
    for (let at = 0; at < 1_000; at += 1) machine.apply(Buffer.from(creation(`topic-${at}`)))
    const before = encodeState(machine.state)
    const pieces: Uint8Array[] = []
    for (const piece of machine.snapshot()) {
      pieces.push(piece)
      machine.apply(Buffer.from(creation(`later-${pieces.length}`)))
    }
    expect(pieces.length).to.be.greaterThan(4)
    const other = new MetadataMachine()
    other.restore(Buffer.concat(pieces))
    expect(encodeState(other.state)).to.equal(before)
  })

  it('tells of a topic that a snapshot has replaced by another one of its name', () => {
    const [machine, other] = [new MetadataMachine(), new MetadataMachine()]
    const deletion = encodeCommand({ kind: 'DeleteTopic', topic: 'logs', epoch: 2 })
    for (const command of [upsert, creation('logs')]) machine.apply(Buffer.from(command))
    for (const command of [upsert, creation('logs'), deletion, creation('logs')]) other.apply(Buffer.from(command))
    const told: string[] = []
    machine.subscribe(({ kind }) => told.push(kind))
    machine.restore(Buffer.concat([...other.snapshot()]))
    expect(told).to.deep.equal(['DeleteTopic', 'ConfigureTopic'])
  })

  it('tells a trace of each command and snapshot', () => {
    const events: ProtocolEvent[] = []
    const machine = new MetadataMachine({ record: (event) => void events.push(event) })
    machine.apply(Buffer.from(upsert))
    machine.apply(Buffer.from(upsert))
    machine.restore(Buffer.concat([...machine.snapshot()]))
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

function creation(topic: string): string {
  return encodeCommand({ kind: 'CreateTopic', topic, config: DEFAULT_TOPIC_CONFIG, leader: 1, replicas: [1] })
}
