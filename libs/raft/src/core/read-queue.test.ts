import { expect } from 'chai'
import { createMessage } from './message.js'
import { type Voters } from './quorum.js'
import { ReadQueue } from './read-queue.js'

const voters = { voters: [1, 2, 3], votersOutgoing: [] }
const joint = { voters: [1, 2, 3], votersOutgoing: [3, 4, 5] }

function queueWith(...contexts: readonly number[]): ReadQueue {
  const queue = new ReadQueue()
  for (const context of contexts)
    queue.add({ request: createMessage({ type: 'ReadIndex', to: 1, context }), index: context })
  return queue
}

function takenFrom(queue: ReadQueue, who: Voters = voters): readonly number[] {
  return queue.takeConfirmed(who).map(({ request }) => request.context)
}

describe('reads that wait for a quorum', () => {
  it('are confirmed in order, up to what a majority has answered', () => {
    const queue = queueWith(71, 72, 73)
    expect(queue.heartbeatContext).to.equal(3)
    queue.acknowledge(1, 3)
    expect(takenFrom(queue)).to.deep.equal([])
    queue.acknowledge(2, 2)
    expect(takenFrom(queue)).to.deep.equal([71, 72])
    expect(queue.heartbeatContext).to.equal(3)
    queue.acknowledge(3, 3)
    expect(takenFrom(queue)).to.deep.equal([73])
    expect(queue.heartbeatContext).to.equal(0)
  })

  it('are not confirmed by an answer to an older heartbeat, even with the same mark (etcd#20418)', () => {
    const queue = queueWith(7)
    queue.acknowledge(1, 1)
    queue.acknowledge(2, 1)
    expect(takenFrom(queue)).to.deep.equal([7])
    queue.add({ request: createMessage({ type: 'ReadIndex', to: 1, context: 7 }), index: 9 })
    queue.acknowledge(1, queue.heartbeatContext)
    queue.acknowledge(3, 1)
    expect(takenFrom(queue)).to.deep.equal([])
    queue.acknowledge(3, 2)
    expect(takenFrom(queue)).to.deep.equal([7])
  })

  it('need both halves of a joint configuration', () => {
    const queue = queueWith(7)
    queue.acknowledge(1, 1)
    queue.acknowledge(2, 1)
    expect(takenFrom(queue, joint)).to.deep.equal([])
    queue.acknowledge(4, 1)
    expect(takenFrom(queue, joint)).to.deep.equal([])
    queue.acknowledge(3, 1)
    expect(takenFrom(queue, joint)).to.deep.equal([7])
  })

  it('are not confirmed by learners', () => {
    const queue = queueWith(7)
    queue.acknowledge(1, 1)
    queue.acknowledge(9, 1)
    expect(takenFrom(queue)).to.deep.equal([])
  })
})
