import type { NodeId } from '@walrus/raft'
import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'
import type { PeerFrameCodec } from './peer-frame-codec.js'

/*
 * The first frame in each direction (spec/peer-format.md). The magic is "WPEE" as it lies in the stream.
 *
 *   hello     ┌───────────┬─────────────┬────────────┬────────────┬────────────────────┬───────────┐
 *             │ magic u32 │ version u16 │ purpose u8 │ nodeId u64 │ expectedNodeId u64 │ clusterId │
 *             └───────────┴─────────────┴────────────┴────────────┴────────────────────┴───────────┘
 *   welcome   ┌───────────┬─────────────┬────────────┬───────────┐
 *             │ magic u32 │ version u16 │ nodeId u64 │ clusterId │
 *             └───────────┴─────────────┴────────────┴───────────┘
 *   refusal   ┌───────────┬─────────────┬──────────┬─────────────────────┐
 *             │ magic u32 │ version u16 │ cause u8 │ reason, UTF-8, rest │
 *             └───────────┴─────────────┴──────────┴─────────────────────┘
 *   clusterId ┌───────────┬─────────────────────────────────┐
 *             │ length u8 │ 0–64 bytes of visible ASCII     │
 *             └───────────┴─────────────────────────────────┘
 */

/** What a connection is for. Each pair of nodes has one of each, so that none waits behind another. */
export type PeerPurpose = 'raft' | 'bulk' | 'request'

/** How a node introduces itself to the one that it has dialled. */
export interface Hello {
  readonly kind: 'hello'
  readonly purpose: PeerPurpose
  /** The node that dials; 0: it has no id yet. */
  readonly nodeId: NodeId
  /** The node that it means to reach; 0: whoever listens there. */
  readonly expectedNodeId: NodeId
  /** Empty: it belongs to no cluster yet. At most `CLUSTER_ID_BYTES_MAX` visible ASCII characters. */
  readonly clusterId: string
}

/** The answer of a node that takes the connection. */
export interface Welcome {
  readonly kind: 'welcome'
  readonly nodeId: NodeId
  readonly clusterId: string
}

/** Why a connection is not taken: another version, another cluster, another node, too many connections, or no cluster yet. */
export type RefusalCause = 'version' | 'cluster' | 'node' | 'busy' | 'joining'

/** The answer of a node that does not take the connection; nothing follows it. */
export interface Refusal {
  readonly kind: 'refusal'
  readonly cause: RefusalCause
  /** For people. Longer than `REFUSAL_REASON_CHARACTERS_MAX` it is cut. */
  readonly reason: string
}

/** Version of everything that peers say to each other. */
export const PEER_PROTOCOL_VERSION = 1

/** Longest id of a cluster. */
export const CLUSTER_ID_BYTES_MAX = 64

/** Longest frame before both sides know whom they talk to. */
export const HANDSHAKE_FRAME_BYTES_MAX = 1024

/** Longest reason that a refusal carries. */
export const REFUSAL_REASON_CHARACTERS_MAX = 256

/** True when the text may be a cluster's id; the empty one stands for none. */
export function isClusterId(text: string): boolean {
  return text.length <= CLUSTER_ID_BYTES_MAX && VISIBLE_ASCII.test(text)
}

export const hello: PeerFrameCodec<Hello> = {
  type: 0x01,
  write: ({ purpose, nodeId, expectedNodeId, clusterId }, output) => {
    writeVersion(output)
    output.u8(PURPOSES.indexOf(purpose) + 1)
    output.u64(nodeId)
    output.u64(expectedNodeId)
    output.shortText(clusterId)
  },
  read: (input) => {
    readVersion(input)
    return {
      kind: 'hello',
      purpose: named(PURPOSES, input),
      nodeId: input.u64(),
      expectedNodeId: input.u64(),
      clusterId: readClusterId(input),
    }
  },
}

export const welcome: PeerFrameCodec<Welcome> = {
  type: 0x02,
  write: ({ nodeId, clusterId }, output) => {
    writeVersion(output)
    output.u64(nodeId)
    output.shortText(clusterId)
  },
  read: (input) => {
    readVersion(input)
    return { kind: 'welcome', nodeId: input.u64(), clusterId: readClusterId(input) }
  },
}

export const refusal: PeerFrameCodec<Refusal> = {
  type: 0x03,
  write: ({ cause, reason }, output) => {
    writeVersion(output)
    output.u8(CAUSES.indexOf(cause) + 1)
    output.text(reason.slice(0, REFUSAL_REASON_CHARACTERS_MAX))
  },
  // Of any version: whoever is refused for its version must be able to read that.
  read: (input) => {
    readMagic(input)
    input.u16()
    return { kind: 'refusal', cause: named(CAUSES, input), reason: input.text(input.remaining) }
  },
}

const MAGIC = 0x45455057
const PURPOSES: readonly PeerPurpose[] = ['raft', 'bulk', 'request']
const CAUSES: readonly RefusalCause[] = ['version', 'cluster', 'node', 'busy', 'joining']
const VISIBLE_ASCII = /^[\x21-\x7e]*$/

function writeVersion(output: ByteWriter): void {
  output.u32(MAGIC)
  output.u16(PEER_PROTOCOL_VERSION)
}

function readMagic(input: ByteReader): void {
  if (input.u32() !== MAGIC) input.fail('magic')
}

function readVersion(input: ByteReader): void {
  readMagic(input)
  if (input.u16() !== PEER_PROTOCOL_VERSION) input.fail('version')
}

function readClusterId(input: ByteReader): string {
  const id = input.text(input.u8())
  if (!isClusterId(id)) input.fail('range')
  return id
}

/** The name whose place in the list, counted from 1, is the next byte. */
function named<Name extends string>(names: readonly Name[], input: ByteReader): Name {
  const name = names[input.u8() - 1]
  if (name === undefined) input.fail('range')
  return name ?? (names[0] as Name)
}
