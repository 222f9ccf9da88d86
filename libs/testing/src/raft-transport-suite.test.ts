import { ManualClock } from './manual-clock.js'
import { MemoryRaftNetwork } from './memory-raft-network.js'
import { raftTransportSuite } from './raft-transport-suite/suite.js'
import { seededRandom } from './seeded-random.js'

raftTransportSuite({
  name: 'memory',
  place: () => {
    const network = new MemoryRaftNetwork({ clock: new ManualClock({ autoDefer: true }), random: seededRandom(1) })
    let lastPlace = 0
    return Promise.resolve({
      open: ({ nodeId, clusterId, address = `place ${(lastPlace += 1)}` }, events) =>
        Promise.resolve({ transport: network.open({ nodeId, clusterId, address }, events), address }),
      remove: () => Promise.resolve(),
    })
  },
})
