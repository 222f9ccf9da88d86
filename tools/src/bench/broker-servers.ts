import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { WalrusClient } from '@walrus/client'
import { BinaryFrameWriter, binaryRequestFrame, setRequestId } from '@walrus/protocol'
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

/** A binary append of so many entries of so many bytes each. */
export function appendRequest(count: number, payloadBytes: number): Uint8Array {
  const entries = Array.from({ length: count }, () => Buffer.alloc(payloadBytes, 0x61))
  const framed = binaryRequestFrame({ command: 'append', topic: TOPIC, producer: undefined, entries })
  setRequestId(framed, 1)
  return framed
}

/** The answer to such an append; what is behind the status, the offset and the count, is another each time. */
export function appendAnswer(count: number): { readonly answer: Uint8Array; readonly fixedBytes: number } {
  const writer = new BinaryFrameWriter()
  writer.addAnswer(1, 'append', { firstOffset: 0, count })
  return { answer: writer.take(), fixedBytes: 11 }
}

export const PUT_ANSWER = framed(Buffer.from('OK'))

const TOPIC = 'bench'

async function register(port: number): Promise<void> {
  const client = await WalrusClient.connect({ host: '127.0.0.1', port })
  await client.register(TOPIC)
  await client.close()
}
