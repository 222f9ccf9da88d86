import { WalrusError } from '@walrus/core'
import type { Message, RaftTransport } from '@walrus/raft'
import { expect } from 'chai'
import { markedHeartbeat, snapshotMessage } from './every-raft-message.js'
import { ManualClock } from './manual-clock.js'
import { MemoryRaftNetwork, NO_NETWORK_FAULTS, type NetworkFaults } from './memory-raft-network.js'
import { seededRandom } from './seeded-random.js'

interface World {
  readonly network: MemoryRaftNetwork
  readonly clock: ManualClock
  readonly one: RaftTransport
  readonly two: RaftTransport
  readonly heardByOne: Message[]
  readonly heardByTwo: Message[]
}

function world(faults: Partial<NetworkFaults> = {}, seed = 1): World {
  const clock = new ManualClock()
  const options = { clock, random: seededRandom(seed), faults: { ...NO_NETWORK_FAULTS, ...faults } }
  const network = new MemoryRaftNetwork(options)
  const heardByOne: Message[] = []
  const heardByTwo: Message[] = []
  const open = (nodeId: number, heard: Message[]) =>
    network.open(
      { nodeId, address: `place ${nodeId}`, clusterId: 'blue' },
      { onMessage: (message) => heard.push(message), onUnreachable: () => undefined },
    )
  const one = open(1, heardByOne)
  const two = open(2, heardByTwo)
  const addresses = new Map([
    [1, 'place 1'],
    [2, 'place 2'],
  ])
  for (const transport of [one, two]) transport.setAddresses(addresses)
  return { network, clock, one, two, heardByOne, heardByTwo }
}

function sendMarks({ one }: World, count: number): void {
  for (let mark = 0; mark < count; mark++) one.send(markedHeartbeat(1, 2, mark))
}

function settle({ clock }: World): void {
  clock.advance(1000)
  while (clock.runDeferred() > 0);
}

function marks(messages: readonly Message[]): readonly number[] {
  return messages.map(({ context }) => context)
}

describe('memory network for Raft', () => {
  it('does nothing to messages unless told', () => {
    const calm = world()
    sendMarks(calm, 100)
    expect(calm.heardByTwo).to.deep.equal([])
    settle(calm)
    expect(marks(calm.heardByTwo)).to.deep.equal([...Array(100).keys()])
  })

  it('loses messages, about as many as it is told', () => {
    const lossy = world({ lossProbability: 0.3 })
    sendMarks(lossy, 1000)
    settle(lossy)
    expect(lossy.heardByTwo.length).to.be.within(600, 800)
  })

  it('repeats messages, about as many as it is told', () => {
    const repeating = world({ duplicateProbability: 0.5 })
    sendMarks(repeating, 1000)
    settle(repeating)
    expect(repeating.heardByTwo.length).to.be.within(1400, 1600)
    expect(new Set(marks(repeating.heardByTwo)).size).to.equal(1000)
  })

  it('delays messages, so that later ones overtake them', () => {
    const slow = world({ delayMsMax: 100 })
    sendMarks(slow, 100)
    slow.clock.advance(50)
    const early = slow.heardByTwo.length
    expect(early).to.be.within(20, 80)
    slow.clock.advance(50)
    const arrived = marks(slow.heardByTwo)
    expect([...arrived].sort((left, right) => left - right)).to.deep.equal([...Array(100).keys()])
    expect(arrived).not.to.deep.equal([...Array(100).keys()])
  })

  it('does the same again for the same seed, and something else for another', () => {
    const run = (seed: number) => {
      const one = world({ lossProbability: 0.2, duplicateProbability: 0.2, delayMsMax: 10 }, seed)
      sendMarks(one, 50)
      settle(one)
      return marks(one.heardByTwo)
    }
    expect(run(5)).to.deep.equal(run(5))
    expect(run(5)).not.to.deep.equal(run(6))
  })

  it('cuts one direction, also for what is on its way, until it is healed', () => {
    const halved = world()
    sendMarks(halved, 1)
    halved.network.cut(1, 2)
    sendMarks(halved, 1)
    halved.two.send(markedHeartbeat(2, 1, 7))
    settle(halved)
    expect(halved.heardByTwo).to.deep.equal([])
    expect(marks(halved.heardByOne)).to.deep.equal([7])
    halved.network.heal()
    sendMarks(halved, 1)
    settle(halved)
    expect(marks(halved.heardByTwo)).to.deep.equal([0])
  })

  it('says that a snapshot which it has lost has not arrived', async () => {
    const lossy = world({ lossProbability: 1 })
    const sent = lossy.one.sendSnapshot(snapshotMessage(1, 2, 1), Uint8Array.of(1))
    settle(lossy)
    expect(await sent).to.equal(false)
  })

  it('has one transport at an address, and another once that has closed', async () => {
    const { network, two } = world()
    const events = { onMessage: () => undefined, onUnreachable: () => undefined }
    const again = () => network.open({ nodeId: 2, address: 'place 2', clusterId: 'blue' }, events)
    expect(again).to.throw(WalrusError, 'Cannot listen for peers on "place 2": the address is in use')
    await two.close()
    expect(again).not.to.throw()
  })
})
