import { EMPTY_TOPIC_STATE } from '@walrus/core'
import { ManualClock, MemoryLogStorage } from '@walrus/testing'
import { expect } from 'chai'
import { ChangeSignal } from '../change-signal.js'
import { HeldAppend } from '../held-append.js'
import { AppendIntake } from '../leading/append-intake.js'
import { LocalSegment } from '../leading/local-segment.js'
import { TopicGate } from '../leading/topic-gate.js'
import { DEFAULT_NODE_LIMITS, type ClusterContext } from '../node-context.js'
import { bytes, text, turns } from '../node-harness.test.js'
import { AppendSender } from './append-sender.js'
import { ForwardBatch } from './forward-batch.js'
import { Forwarder } from './forwarder.js'
import type { Route } from './route.js'

describe('what nobody waits for any more', () => {
  it('is not sent when it was not sent before', () => {
    const clock = new ManualClock()
    const appends = [new HeldAppend([bytes('early')], 100), new HeldAppend([bytes('late')], 200)]
    const batch = new ForwardBatch('logs', clock, appends, 7)
    clock.advance(150)
    expect(appends.map(({ state }) => state)).to.deep.equal(['failed', 'pending'])
    expect(appends[0]?.error?.message).to.match(/the entry was not stored$/)
    expect(batch.entries.map(text)).to.deep.equal(['late'])
    expect(batch.sequence).to.equal(7)
    batch.close()
  })

  it('is not said to be lost when it waits here for a segment that may still take it', async () => {
    const clock = new ManualClock()
    const limits = { ...DEFAULT_NODE_LIMITS, requestTimeoutMs: 1000 }
    let route: Route = { kind: 'there', segment: 1, leader: 2 }
    const routeChanged = new ChangeSignal()
    const ignore = (): void => undefined
    const gate = new TopicGate({
      topic: 'logs',
      clock,
      limits,
      onFull: ignore,
      onBatch: ignore,
      onHeld: () => forwarder.pump(),
    })
    const context = { clock, limits, producerId: 5, liveness: { live: () => new Set() } } as unknown as ClusterContext
    const intake = new AppendIntake(gate)
    const sender = new AppendSender({ context, topic: 'logs', intake, route: () => route, routeChanged })
    const forwarder = new Forwarder({ context, topic: 'logs', gate, sender, route: () => route })
    const ticket = gate.append(bytes('entry'))
    await turns(1)
    clock.advance(50)
    route = { kind: 'here', segment: 1 }
    routeChanged.fire()
    await turns(1)
    clock.advance(960)
    expect(ticket.error?.message).to.match(/whether the entry was stored is not known$/)
    const log = new MemoryLogStorage().create({
      topic: 'logs',
      segment: 1,
      baseOffset: 0,
      epoch: 1,
      topicState: EMPTY_TOPIC_STATE,
    })
    gate.open(new LocalSegment(log), { segmentEntriesMax: 5, segmentBytesMax: 1e6, segmentAgeMsMax: 0 })
    await turns(3)
    expect(log.entryCount).to.equal(1)
    forwarder.close()
  })
})
