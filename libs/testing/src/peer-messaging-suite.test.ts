import { ManualClock } from './manual-clock.js'
import { MemoryPeers } from './memory-peers.js'
import { peerMessagingSuite } from './peer-messaging-suite/suite.js'

peerMessagingSuite({
  name: 'memory',
  limits: { takenBytes: 1000, refusedBytes: 1001, takenQuestions: 8 },
  place: () => {
    const clock = new ManualClock({ autoDefer: true })
    const peers = new MemoryPeers({ clock, payloadBytesMax: 1000, questionsMax: 8 })
    return Promise.resolve({
      open: (node) => {
        const messaging = peers.open(node)
        return Promise.resolve({ messaging, close: () => Promise.resolve(messaging.close()) })
      },
      pass: (milliseconds) => Promise.resolve(clock.advance(milliseconds)),
      remove: () => Promise.resolve(),
    })
  },
})
