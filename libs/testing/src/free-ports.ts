import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Ports of the loopback address that nobody listens on now; no two calls of a process give the same. They are none that the system gives to
 * outgoing connections, so nobody takes one by chance while whoever listens there is away.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = FIRST_PORT + randomInt(PORT_COUNT)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) ports.push(port)
  }
  return ports
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/** Systems give outgoing connections ports from 32768 (Linux) or 49152 on. */
const FIRST_PORT = 10_240
const PORT_COUNT = 22_000
const given = new Set<number>()
