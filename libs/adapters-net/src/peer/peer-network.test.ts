import { systemClock } from '@walrus/adapters-fs'
import { raftTransportSuite, seededRandom } from '@walrus/testing'
import { QUICK_TIMINGS } from './peer-harness.test.js'
import { openPeerNetwork } from './peer-network.js'

raftTransportSuite({
  name: 'tcp',
  place: () =>
    Promise.resolve({
      open: async ({ nodeId, clusterId, address = '127.0.0.1:0' }, events) => {
        const transport = await openPeerNetwork({
          host: '127.0.0.1',
          port: Number(address.split(':')[1]),
          nodeId,
          clusterId,
          clock: systemClock(),
          random: seededRandom(nodeId),
          onEvent: () => undefined,
          timings: QUICK_TIMINGS,
        })
        transport.attach(events)
        return { transport, address: transport.address }
      },
      remove: () => Promise.resolve(),
    }),
})
