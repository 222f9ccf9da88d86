import { constants, promises as fs, write, fdatasync } from 'node:fs'
import { Latencies } from './latencies.js'
import type { Sample } from './benchmark.js'

/** A file that was written before, in full: what a log writes into once its files are recycled. */
export async function preparedFile(path: string, sizeBytes: number): Promise<void> {
  const file = await fs.open(path, 'w')
  const chunk = Buffer.alloc(1024 * 1024)
  for (let at = 0; at < sizeBytes; at += chunk.length)
    await file.write(chunk, 0, Math.min(chunk.length, sizeBytes - at), at)
  await file.sync()
  await file.close()
}

/** Megabytes per second of plain sequential writes of 1 MiB, without a sync, into a file that was written before. */
export async function bareSequentialWrite(path: string, sizeBytes: number): Promise<Sample> {
  const chunk = Buffer.alloc(1024 * 1024, 7)
  return withDescriptor(path, async (descriptor) => {
    const started = performance.now()
    for (let at = 0; at + chunk.length <= sizeBytes; at += chunk.length) await writeAt(descriptor, chunk, at)
    return { value: sizeBytes / 1e6 / ((performance.now() - started) / 1000) }
  })
}

/** As `bareSequentialWrite`, into a file that is made for it, and deleted afterwards: what a log does that grows. */
export async function bareFreshWrite(path: string, sizeBytes: number): Promise<Sample> {
  const file = await fs.open(path, 'w')
  await file.truncate(sizeBytes)
  await file.close()
  try {
    return await bareSequentialWrite(path, sizeBytes)
  } finally {
    await fs.rm(path)
  }
}

/** Milliseconds of one small write followed by fdatasync, one after the other, in a file that was written before. */
export async function bareWriteAndSync(path: string, writeBytes: number, count: number): Promise<Sample> {
  const chunk = Buffer.alloc(writeBytes, 7)
  const latencies = new Latencies()
  await withDescriptor(path, async (descriptor) => {
    for (let at = 0; at < count; at++) {
      const started = performance.now()
      await writeAt(descriptor, chunk, at * writeBytes)
      await syncData(descriptor)
      latencies.add(performance.now() - started)
    }
    return { value: 0 }
  })
  const latency = latencies.summary()
  return { value: latency.p50, latency }
}

async function withDescriptor(path: string, use: (descriptor: number) => Promise<Sample>): Promise<Sample> {
  const file = await fs.open(path, constants.O_RDWR)
  try {
    return await use(file.fd)
  } finally {
    await file.close()
  }
}

function writeAt(descriptor: number, chunk: Uint8Array, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    write(descriptor, chunk, 0, chunk.length, position, (error) => (error ? reject(error) : resolve()))
  })
}

function syncData(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(descriptor, (error) => (error ? reject(error) : resolve())))
}
