import { expect } from 'chai'
import { setImmediate as turn } from 'node:timers/promises'
import { FlushQueue } from './flush-queue.js'

describe('FlushQueue', () => {
  it('flushes every member once, after the work of the turn', async () => {
    const queue = new FlushQueue()
    const seen: string[] = []
    queue.add({ flush: () => seen.push('first') })
    queue.add({ flush: () => seen.push('second') })
    seen.push('work')
    await turn()
    expect(seen).to.deep.equal(['work', 'first', 'second'])
  })

  it('leaves what is added during a flush to the next turn', async () => {
    const queue = new FlushQueue()
    const seen: string[] = []
    queue.add({
      flush: () => {
        seen.push('first')
        queue.add({ flush: () => seen.push('next turn') })
      },
    })
    queue.add({ flush: () => seen.push('second') })
    await turn()
    await turn()
    expect(seen).to.deep.equal(['first', 'second', 'next turn'])
  })
})
