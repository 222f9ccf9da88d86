import { binaryCommands, binaryRequestFrame, setRequestId } from '@walrus/protocol'
import { randomBelow, RawClient, type Random } from '@walrus/testing'
import type { Attack } from '../attack.js'
import { Crowd } from '../crowd.js'
import { expectAnswer } from '../expect-answer.js'

const MEBIBYTE = 1024 * 1024

/** Frames with noise in them. */
export const clientNoise: Attack = {
  name: 'client-noise',
  about: 'clients whose frames are noise, behind a byte of either dialect',
  testRounds: 20,
  residentBytesMax: 100 * MEBIBYTE,
  open: async ({ clientPort }, random) => {
    const client = await RawClient.connect(clientPort)
    return {
      round: async () => {
        const frames = Array.from({ length: 200 }, () => framed(noise(random)))
        client.sendBytes(Buffer.concat(frames))
        for (let nth = 0; nth < frames.length; nth += 1) await client.nextFrame()
      },
      close: () => client.destroy(),
    }
  },
}

/** Lengths that nobody can mean. */
export const hugeFrames: Attack = {
  name: 'huge-frames',
  about: 'clients that announce a request of 4 GiB',
  testRounds: 10,
  residentBytesMax: 100 * MEBIBYTE,
  open: async ({ clientPort }) => ({
    round: async () => {
      const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(clientPort)))
      for (const client of clients) client.sendBytes(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x81, 1, 2, 3]))
      for (const client of clients) {
        await expectAnswer((await client.nextText()).startsWith('ERR invalid frame length: 4294967295 exceeds'))
        await client.whenClosed()
      }
    },
    close: () => Promise.resolve(),
  }),
}

/** Requests that are large, and stop before their end. */
export const halfFrames: Attack = {
  name: 'half-frames',
  about: 'clients that send 15 MiB of a request of 16 MiB, and no more',
  pauseMs: 500,
  flags: ['--max-held-bytes', String(64 * MEBIBYTE)],
  testRounds: 40,
  // What may be held, as much again that came before that was noticed, and what the collector has not taken yet.
  residentBytesMax: 500 * MEBIBYTE,
  open: async ({ clientPort }) => {
    const crowd = new Crowd(clientPort)
    const half = Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.alloc(15 * MEBIBYTE)])
    return {
      round: async () => {
        crowd.leave()
        const before = crowd.clients.length
        await crowd.grow(before + 1)
        const fresh = crowd.clients.slice(before)
        for (const client of fresh) client.sendBytes(half)
        await Promise.all(fresh.map((client) => Promise.race([client.flushed(), client.whenClosed()])))
      },
      close: () => crowd.close(),
    }
  },
}

/** Answers that nobody fetches. */
export const neverReads: Attack = {
  name: 'never-reads',
  about: 'ten clients that ask for 100 MiB each, and read no answer',
  flags: ['--max-held-bytes', String(64 * MEBIBYTE)],
  testRounds: 10,
  // As for half a request: each holds 4 MiB and is read no further, and there is what has not been collected yet.
  residentBytesMax: 500 * MEBIBYTE,
  open: async ({ clientPort, topic }) => {
    const crowd = new Crowd(clientPort)
    const read = { offset: 0, maxEntries: 100, maxBytes: MEBIBYTE, maxWaitMs: 0 } as const
    const request = binaryRequestFrame({ command: 'fetch', topic, ...read })
    setRequestId(request, 1)
    const many = Buffer.concat(Array.from({ length: 100 }, () => request))
    return {
      round: async () => {
        crowd.leave()
        const before = crowd.clients.length
        await crowd.grow(10)
        for (const client of crowd.clients.slice(before)) {
          client.pause()
          client.sendBytes(many)
        }
        await new Promise((resolve) => setTimeout(resolve, 100))
      },
      close: () => crowd.close(),
    }
  },
}

function framed(payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(4 + payload.length)
  frame.writeUInt32LE(payload.length)
  frame.set(payload, 4)
  return frame
}

/** Of a read nothing but zeros: its wait would make it slow, and nothing else. */
function noise(random: Random): Uint8Array {
  const bytes = Uint8Array.from({ length: 1 + randomBelow(random, 300) }, () => randomBelow(random, 256))
  const code = bytes[0] ?? 0
  if (code === binaryCommands.fetch.code || code === binaryCommands.next.code) bytes.fill(0, 5)
  return bytes
}
