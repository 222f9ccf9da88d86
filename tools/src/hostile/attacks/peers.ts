import { nativeChecksum } from '@walrus/adapters-fs'
import {
  CLUSTER_REQUESTS,
  clientCommand,
  copySegmentRequest,
  decodePeerFrame,
  encodePeerFrame,
  fenceRequest,
  fetchBatchesRequest,
  readRequest,
  replicateRequest,
  wholeCopyRequest,
  type PeerFrame,
  type PeerPurpose,
} from '@walrus/protocol'
import { createMessage } from '@walrus/raft'
import { PEER_MESSAGE_TYPES, randomBelow, RawClient, type Random } from '@walrus/testing'
import type { Attack, AttackedNode } from '../attack.js'

const MEBIBYTE = 1024 * 1024
const NODE = 1
const STRANGER = 77

/** Peers that are none. */
export const peerNoise: Attack = {
  name: 'peer-noise',
  about: 'connections to the port of peers that send noise, half a frame, an announcement of 4 GiB, or nothing',
  testRounds: 10,
  residentBytesMax: 100 * MEBIBYTE,
  open: async ({ peerPort }, random) => ({
    round: async () => {
      const clients = await Promise.all(Array.from({ length: 40 }, () => RawClient.connect(peerPort)))
      clients.forEach((client, nth) => client.sendBytes(strangeBytes(random, nth)))
      await Promise.all(clients.map((client) => client.flushed()))
      await pause()
      await Promise.all(clients.map((client) => client.destroy()))
    },
    close: () => Promise.resolve(),
  }),
}

/** Peers that introduce themselves as the format wants it, and then talk nonsense. */
export const peerNonsense: Attack = {
  name: 'peer-nonsense',
  about: 'peers of the cluster that send frames which cannot be, or which make no sense',
  testRounds: 30,
  residentBytesMax: 150 * MEBIBYTE,
  open: async (node, random) => {
    const clusterId = await askClusterId(node)
    return {
      round: async () => {
        const peers = await Promise.all(
          PURPOSES.flatMap((purpose) =>
            [1, 2, 3, 4].map((nth) => enter(node, { purpose, nodeId: STRANGER + nth, clusterId })),
          ),
        )
        peers.forEach((peer, nth) => {
          if (nth % 4 === 3) return peer.sendBytes(strangeBytes(random, nth))
          for (let times = 0; times < 20; times += 1) peer.sendBytes(nonsense(random, PURPOSES[nth >> 2] ?? 'raft'))
        })
        await Promise.all(peers.map((peer) => Promise.race([peer.flushed(), peer.whenClosed()])))
        await pause()
        await Promise.all(peers.map((peer) => peer.destroy()))
      },
      close: () => Promise.resolve(),
    }
  },
}

const PURPOSES: readonly PeerPurpose[] = ['raft', 'bulk', 'request']

/** The node tells it to whoever asks, as it must tell those that want to join. */
async function askClusterId(node: AttackedNode): Promise<string> {
  const peer = await RawClient.connect(node.peerPort)
  peer.sendBytes(encode({ kind: 'hello', purpose: 'request', nodeId: 0, expectedNodeId: 0, clusterId: '' }))
  const welcome = await peer.nextFrame()
  await peer.destroy()
  const frame = decodePeerFrame(welcome, 0, welcome.length, nativeChecksum)
  if (typeof frame === 'string' || frame.kind !== 'welcome') throw new Error('the node does not welcome who asks')
  return frame.clusterId
}

async function enter(
  { peerPort }: AttackedNode,
  hello: { readonly purpose: PeerPurpose; readonly nodeId: number; readonly clusterId: string },
): Promise<RawClient> {
  const peer = await RawClient.connect(peerPort)
  peer.sendBytes(encode({ kind: 'hello', expectedNodeId: 0, ...hello }))
  await peer.nextFrame()
  return peer
}

function strangeBytes(random: Random, nth: number): Uint8Array {
  const noise = Uint8Array.from({ length: 1 + randomBelow(random, 2000) }, () => randomBelow(random, 256))
  const halfFrame = Buffer.concat([Buffer.from([0, 1, 0, 0]), noise.subarray(0, 200)])
  return [noise, halfFrame, Buffer.from([0xff, 0xff, 0xff, 0xff, 0]), Buffer.of(7)][nth % 4] ?? noise
}

/** A frame that can be read. */
function nonsense(random: Random, purpose: PeerPurpose): Uint8Array {
  const bytes = Uint8Array.from({ length: randomBelow(random, 200) }, () => randomBelow(random, 256))
  switch (purpose) {
    case 'raft':
      return encode({ kind: 'raft', message: strangeMessage(random) })
    case 'bulk':
      return encode({ kind: 'snapshotChunk', transferId: randomBelow(random, 3), offsetBytes: bytes.length, bytes })
    case 'request':
      return encode({
        kind: 'request',
        id: randomBelow(random, 2 ** 32),
        timeoutMs: randomBelow(random, 100),
        ...(random() < 0.5 ? { requestKind: randomBelow(random, 40), payload: bytes } : strangeRequest(random, bytes)),
      })
  }
}

/** What nodes ask each other about a topic that others use, with numbers that fit nothing. */
function strangeRequest(
  random: Random,
  bytes: Uint8Array,
): { readonly requestKind: number; readonly payload: Uint8Array } {
  const any = () => (random() < 0.7 ? randomBelow(random, 4) : Math.floor(random() * Number.MAX_SAFE_INTEGER))
  const key = { topic: random() < 0.8 ? 'witnessed' : 'absent', segment: 1 + any() }
  const place = { position: any(), epoch: any() }
  const requests: readonly (readonly [keyof typeof CLUSTER_REQUESTS, () => Uint8Array])[] = [
    ['fence', () => fenceRequest.encode({ ...key, epoch: any() })],
    ['fetchBatches', () => fetchBatchesRequest.encode({ ...key, position: any(), maxBytes: 2 ** 32 - 1 })],
    ['wholeCopy', () => wholeCopyRequest.encode(key)],
    ['read', () => readRequest.encode({ ...key, index: any(), maxEntries: 2 ** 32 - 1, maxBytes: 2 ** 32 - 1 })],
    ['clientCommand', () => clientCommand.encode({ segment: any(), payload: bytes })],
    [
      'copySegment',
      () => copySegmentRequest.encode({ ...key, epoch: any(), source: 78, entryCount: any(), controlCount: any() }),
    ],
    [
      'replicate',
      () =>
        replicateRequest.encode({
          ...key,
          ...place,
          baseOffset: any(),
          committedCount: any(),
          startState: random() < 0.5 ? undefined : { cursors: new Map([['shared', any()]]), producers: new Map() },
          batches: [bytes, bytes],
        }),
    ],
  ]
  const [name, encodeRequest] = requests[randomBelow(random, requests.length)] ?? requests[0] ?? ['read', () => bytes]
  return { requestKind: CLUSTER_REQUESTS[name], payload: encodeRequest() }
}

/** What leaders, candidates and followers say, of a node that is none of this group, with numbers that fit nothing. */
function strangeMessage(random: Random) {
  const any = () => (random() < 0.5 ? randomBelow(random, 20) : Math.floor(random() * Number.MAX_SAFE_INTEGER))
  // What a candidate or leader of a later term says counts, whoever it is: that is Raft, and harms the group's leader.
  const types = PEER_MESSAGE_TYPES.filter((type) => type !== 'Append' && type !== 'Snapshot' && type !== 'Propose')
  return createMessage({
    type: types[randomBelow(random, types.length)] ?? 'Heartbeat',
    from: STRANGER + 1 + randomBelow(random, 3),
    to: NODE,
    term: any(),
    logTerm: any(),
    index: any(),
    commit: any(),
    reject: random() < 0.5,
    rejectHint: any(),
    context: any(),
    knownCommit: random() < 0.5 ? null : { term: any(), index: any() },
  })
}

function encode(frame: PeerFrame): Uint8Array {
  return encodePeerFrame(frame, nativeChecksum)
}

/** Long enough that the node has read what was sent. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}
