import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { WalrusClient } from '@walrus/client'
import { ChildServer } from './child-server.js'
import { framed } from './load.js'

/** How the brokers of one benchmark acknowledge. */
export const DURABILITIES = {
  'acked after fsync': ['--fsync', 'each'],
  'acked after write, fsync every second': ['--fsync', '1000ms'],
} as const

export type Durability = keyof typeof DURABILITIES

/** Starts a broker of each kind, one data directory each, with the topic that the load writes to. */
export async function startBrokers(folder: string): Promise<Record<Durability, ChildServer>> {
  const started = Object.entries(DURABILITIES).map(async ([name, flags], at) => {
    const dataDir = join(folder, `broker-${at}`)
    await mkdir(dataDir)
    const server = await ChildServer.broker(dataDir, flags)
    await register(server.port)
    return [name, server] as const
  })
  return Object.fromEntries(await Promise.all(started)) as Record<Durability, ChildServer>
}

/** A PUT of so many bytes. */
export function putRequest(payloadBytes: number): Buffer {
  return framed(Buffer.concat([Buffer.from(`PUT ${TOPIC} `), Buffer.alloc(payloadBytes, 0x61)]))
}

export const PUT_ANSWER = framed(Buffer.from('OK'))

const TOPIC = 'bench'

async function register(port: number): Promise<void> {
  const client = await WalrusClient.connect({ host: '127.0.0.1', port })
  await client.register(TOPIC)
  await client.close()
}
