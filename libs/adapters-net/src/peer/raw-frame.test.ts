import { decodePeerFrame, encodePeerFrame, type PeerFrame, type PeerPurpose } from '@walrus/protocol'
import { RawClient } from '@walrus/testing'
import { peerChecksum } from './peer-checksum.js'

/** The next frame that has come to the client. */
export async function readFrame(client: RawClient): Promise<PeerFrame> {
  const payload = await client.nextFrame()
  const frame = decodePeerFrame(payload, 0, payload.length, peerChecksum)
  if (typeof frame === 'string') throw new Error(`a frame that cannot be read: ${frame}`)
  return frame
}

export function sendFrame(client: RawClient, frame: PeerFrame): void {
  client.sendBytes(encodePeerFrame(frame, peerChecksum))
}

/** A connection of a node that is whatever the test makes of it, with the handshake behind it. */
export async function enter(address: string, purpose: PeerPurpose, nodeId = 1): Promise<RawClient> {
  const client = await RawClient.connect(Number(address.split(':')[1]))
  sendFrame(client, { kind: 'hello', purpose, nodeId, expectedNodeId: 0, clusterId: 'blue' })
  await readFrame(client)
  return client
}
