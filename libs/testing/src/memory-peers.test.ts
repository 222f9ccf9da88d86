import { NotAskedError, WalrusError } from '@walrus/core'
import { expect } from 'chai'
import { ManualClock } from './manual-clock.js'
import { MemoryPeers } from './memory-peers.js'

const KIND = 40

describe('nodes that ask each other in memory', () => {
  let clock: ManualClock
  let peers: MemoryPeers
  let heard: string[]

  const ask = (from: number, to: number, words: string): Promise<string> => {
    const peer = peers.at(from)
    if (peer === undefined) throw new Error(`node ${from} is not open`)
    return peer.request(to, KIND, Buffer.from(words), 1000).then((answer) => Buffer.from(answer).toString())
  }

  const failureOf = async (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => undefined,
      (error: unknown) => error,
    )

  beforeEach(() => {
    clock = new ManualClock({ autoDefer: true })
    peers = new MemoryPeers({ clock })
    heard = []
    for (const node of [1, 2]) {
      peers.open(node).handle(KIND, async (payload, from) => {
        const words = Buffer.from(payload).toString()
        heard.push(`${from}>${node} ${words}`)
        if (words === 'refuse') throw new WalrusError('NOT_LEADER', 'Cannot: not here')
        return Buffer.from(`${words}!`)
      })
    }
  })

  it('answer, and refuse with their own error', async () => {
    expect(await ask(1, 2, 'hello')).to.equal('hello!')
    expect(await failureOf(ask(2, 1, 'refuse'))).to.include({ code: 'NOT_LEADER', message: 'Cannot: not here' })
    expect(heard).to.deep.equal(['1>2 hello', '2>1 refuse'])
  })

  it('keep the order of questions, however long each takes', async () => {
    const delaysMs = [50, 10, 0]
    peers.delayMs = () => delaysMs.shift() ?? 0
    const answers = Promise.all(['a', 'b', 'c'].map((words) => ask(1, 2, words)))
    clock.advance(50)
    await answers
    expect(heard).to.deep.equal(['1>2 a', '1>2 b', '1>2 c'])
  })

  it('never hear what is lost, and never tell what comes back over a cut link', async () => {
    peers.fate = () => 'lost'
    const lost = failureOf(ask(1, 2, 'lost'))
    peers.fate = () => 'carried'
    peers.cut(2, 1)
    const unanswered = failureOf(ask(1, 2, 'unanswered'))
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(1000)
    expect(await lost).to.include({ code: 'TIMED_OUT' })
    expect(await unanswered).to.include({ code: 'TIMED_OUT' })
    expect(heard).to.deep.equal(['1>2 unanswered'])
    peers.heal()
    expect(await ask(1, 2, 'healed')).to.equal('healed!')
  })

  it('say when a question has certainly not been asked', async () => {
    peers.at(2)?.close()
    expect(await failureOf(ask(1, 2, 'x'))).to.be.instanceOf(NotAskedError)
    expect(await failureOf(ask(2, 1, 'x'))).to.be.instanceOf(NotAskedError)
    expect(heard).to.deep.equal([])
  })

  it('hear everything late that came while they were stopped', async () => {
    peers.pause(2)
    const answers = Promise.all([ask(1, 2, 'a'), ask(1, 2, 'b')])
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).to.deep.equal([])
    peers.resume(2)
    expect(await answers).to.deep.equal(['a!', 'b!'])
  })
})
