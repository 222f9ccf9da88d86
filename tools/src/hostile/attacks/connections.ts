import { RawClient } from '@walrus/testing'
import { expectAnswer } from '../expect-answer.js'
import { openFilesMax } from '../open-files.js'
import type { Attack } from '../attack.js'
import { Crowd } from '../crowd.js'

const MEBIBYTE = 1024 * 1024

/** As many as are asked for, or as the limit on open files leaves room for beside what a process has open anyway. */
export const IDLE_CONNECTIONS = Math.min(5000, openFilesMax() - 200)

/** Connections that nothing ever comes from. */
export const idleConnections: Attack = {
  name: 'idle-connections',
  about: `${IDLE_CONNECTIONS} connections that nothing ever comes from`,
  testRounds: 1,
  // 20 KiB for each connection.
  residentBytesMax: 100 * MEBIBYTE,
  open: async ({ clientPort }) => {
    const crowd = new Crowd(clientPort)
    await crowd.grow(IDLE_CONNECTIONS)
    return {
      round: () => expectAnswer(crowd.openCount === IDLE_CONNECTIONS, 'an idle connection was closed'),
      close: () => crowd.close(),
    }
  },
}

/** Requests that come byte by byte, and never end. */
export const slowLoris: Attack = {
  name: 'slow-loris',
  about: '500 connections whose requests come byte by byte, and never end',
  flags: ['--frame-timeout-ms', '3000'],
  pauseMs: 900,
  testRounds: 40,
  residentBytesMax: 100 * MEBIBYTE,
  open: async ({ clientPort }) => {
    const crowd = new Crowd(clientPort)
    await crowd.grow(500)
    const sent = new Map<RawClient, number>()
    return {
      round: async () => {
        await crowd.grow(500)
        for (const client of crowd.clients) {
          const count = sent.get(client) ?? 0
          client.sendBytes(Buffer.of(ANNOUNCED[count] ?? 0))
          sent.set(client, count + 1)
        }
        await pause(100)
        for (const client of crowd.leave()) {
          sent.delete(client)
          if (client.frameCount > 0) await expectAnswer((await client.nextText()).startsWith('ERR incomplete frame'))
        }
      },
      close: () => crowd.close(),
    }
  },
}

/** Clients that come and go. */
export const openAndClose: Attack = {
  name: 'open-and-close',
  about:
    'connections, ten at a time, that are closed or reset, some in the middle of a request, as soon as they are open',
  pauseMs: 10,
  testRounds: 300,
  residentBytesMax: 100 * MEBIBYTE,
  open: async ({ clientPort, topic }) => ({
    round: async () => {
      const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.connect(clientPort)))
      clients.forEach((client, nth) => {
        if (nth % 3 === 1) client.sendBytes(Buffer.from([200, 0, 0, 0, 80]))
        if (nth % 3 === 2) for (let times = 0; times < 5; times += 1) client.send(`GET ${topic}`)
      })
      await Promise.all(clients.map((client, nth) => (nth % 2 === 0 ? client.destroy() : endOf(client))))
    },
    close: () => Promise.resolve(),
  }),
}

/** A length of nearly 16 MiB; what follows is a byte of it each time. */
const ANNOUNCED = [0, 0, 0xff, 0]

async function endOf(client: RawClient): Promise<void> {
  client.end()
  await client.whenClosed()
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
