import { encodePeerFrame } from '@walrus/protocol'
import { createMessage, type Message, type MessageType } from '@walrus/raft'
import { everyRaftMessage, markedHeartbeat } from '@walrus/testing'
import { expect } from 'chai'
import { peerChecksum } from './peer-checksum.js'
import { messageBytes, RaftOutbox } from './raft-outbox.js'

const heartbeatBytes = messageBytes(markedHeartbeat(1, 2, 1))

function message(type: MessageType, context: number): Message {
  return createMessage({ type, from: 1, to: 2, term: 1, context })
}

function takeAll(outbox: RaftOutbox): string[] {
  const taken: string[] = []
  for (let next = outbox.take(); next !== undefined; next = outbox.take()) taken.push(`${next.type} ${next.context}`)
  return taken
}

describe('raft outbox', () => {
  it('gives messages out in the order in which they came', () => {
    const outbox = new RaftOutbox(10 * heartbeatBytes)
    for (const mark of [1, 2, 3]) expect(outbox.add(markedHeartbeat(1, 2, mark))).to.equal(0)
    expect(outbox.sizeBytes).to.equal(3 * heartbeatBytes)
    expect(takeAll(outbox)).to.deep.equal(['Heartbeat 1', 'Heartbeat 2', 'Heartbeat 3'])
    expect(outbox.sizeBytes).to.equal(0)
  })

  it('loses the oldest that is repeated anyway', () => {
    const outbox = new RaftOutbox(3 * heartbeatBytes)
    outbox.add(message('Vote', 1))
    outbox.add(message('Append', 2))
    outbox.add(message('Heartbeat', 3))
    expect(outbox.add(message('AppendResponse', 4))).to.equal(1)
    expect(outbox.add(message('Propose', 5))).to.equal(1)
    expect(takeAll(outbox)).to.deep.equal(['Vote 1', 'AppendResponse 4', 'Propose 5'])
  })

  it('loses the newest when nothing that waits is repeated', () => {
    const outbox = new RaftOutbox(2 * heartbeatBytes)
    for (const context of [1, 2, 3]) outbox.add(message('Vote', context))
    expect(takeAll(outbox)).to.deep.equal(['Vote 1', 'Vote 2'])
  })

  it('takes a message that exceeds its bound, but only by itself', () => {
    const outbox = new RaftOutbox(2 * heartbeatBytes)
    const data = new Uint8Array(1000)
    const large = createMessage({
      type: 'Append',
      from: 1,
      to: 2,
      entries: [{ term: 1, index: 1, type: 'normal', data }],
    })
    expect(outbox.add(large)).to.equal(0)
    expect(outbox.add(message('Heartbeat', 2))).to.equal(1)
    expect(takeAll(outbox)).to.deep.equal(['Heartbeat 2'])
  })

  it('holds no more than its bound, however much is added', () => {
    const outbox = new RaftOutbox(50 * heartbeatBytes)
    let lostCount = 0
    for (let mark = 1; mark <= 10_000; mark++) {
      lostCount += outbox.add(markedHeartbeat(1, 2, mark))
      expect(outbox.sizeBytes).to.be.at.most(50 * heartbeatBytes)
    }
    expect(lostCount).to.equal(9950)
    expect(outbox.take()?.context).to.equal(9951)
    expect(outbox.clear()).to.equal(49)
    expect([outbox.count, outbox.sizeBytes]).to.deep.equal([0, 0])
  })

  it('reckons at least what a message takes up as a frame', () => {
    for (const one of everyRaftMessage(1, 2)) {
      expect(encodePeerFrame({ kind: 'raft', message: one }, peerChecksum).length, one.type).to.be.at.most(
        messageBytes(one),
      )
    }
  })
})
