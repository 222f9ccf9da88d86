import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { freePorts } from './free-ports.js'

describe('free ports', () => {
  it('are each given once, and can be listened on', async () => {
    const ports = [...(await freePorts(20)), ...(await freePorts(20))]
    expect(new Set(ports).size).to.equal(40)
    for (const port of ports) {
      const server = createServer().listen(port, '127.0.0.1')
      await once(server, 'listening')
      server.close()
      await once(server, 'close')
    }
  })
})
