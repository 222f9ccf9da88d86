import { expect } from 'chai'
import { createMessage } from '../core/message.js'
import { emptyConfState } from '../core/types.js'
import { type RaftTransport } from '../ports/transport.js'
import { settlePromises } from '../testing/virtual-clock.js'
import { SnapshotSender } from './snapshot-sender.js'

const data = Uint8Array.of(1, 2, 3)
const message = createMessage({
  type: 'Snapshot',
  to: 2,
  snapshot: { index: 9, term: 1, confState: emptyConfState, data },
})

describe('sender of snapshots', () => {
  let outcomes: string[]
  let sent: { readonly announced: number | undefined; readonly data: Uint8Array }[]
  let settle: { resolve: (delivered: boolean) => void; reject: (error: Error) => void }
  let sender: SnapshotSender

  beforeEach(() => {
    outcomes = []
    sent = []
    const transport: RaftTransport = {
      send: () => undefined,
      sendSnapshot: ({ snapshot }, bytes) => {
        sent.push({ announced: snapshot?.data.length, data: bytes })
        return new Promise((resolve, reject) => (settle = { resolve, reject }))
      },
      setAddresses: () => undefined,
      close: async () => undefined,
    }
    sender = new SnapshotSender(transport, 5, (to, delivered) => outcomes.push(`${to} ${delivered}`))
  })

  it('sends the data beside the message that announces it', () => {
    sender.send(message, 0)
    expect(sent).to.deep.equal([{ announced: 0, data }])
  })

  for (const [what, end, outcome] of [
    ['arrived', () => settle.resolve(true), '2 true'],
    ['was lost', () => settle.resolve(false), '2 false'],
    ['could not be sent', () => settle.reject(new Error('broken')), '2 false'],
  ] as const) {
    it(`reports once that it ${what}`, async () => {
      sender.send(message, 0)
      end()
      await settlePromises()
      sender.expire(100)
      expect(outcomes).to.deep.equal([outcome])
    })
  }

  it('gives up in time, and does not change its mind', async () => {
    sender.send(message, 10)
    sender.expire(14)
    expect(outcomes).to.deep.equal([])
    sender.expire(15)
    settle.resolve(true)
    await settlePromises()
    expect(outcomes).to.deep.equal(['2 false'])
  })
})
