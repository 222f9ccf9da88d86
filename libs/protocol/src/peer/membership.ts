import type { NodeId } from '@walrus/raft'
import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'
import { isClusterId } from './handshake.js'
import { peerBody, type PeerQuestion } from './peer-body.js'

/*
 * Who belongs to the cluster: payloads of requests and answers (spec/peer-format.md).
 *
 *   admission   ┌────────────┬──────────┬──────────┬───────────┬─────────┬───────────────┐
 *   request     │ nodeId u64 │ flags u8 │ identity │ clusterId │ address │ clientAddress │
 *               └────────────┴──────────┴──────────┴───────────┴─────────┴───────────────┘
 *   admission   ┌─────────────┬────────────────┬───────────┬───────────┬────────────────────────────────┐
 *   answer      │ standing u8 │ lagEntries u64 │ clusterId │ count u32 │ count × (nodeId u64 │ address) │
 *               └─────────────┴────────────────┴───────────┴───────────┴────────────────────────────────┘
 *   removal     ┌────────────┬──────────┐
 *   request     │ nodeId u64 │ flags u8 │
 *               └────────────┴──────────┘
 *   identity,   ┌───────────┬────────────────────────────┐
 *   clusterId   │ length u8 │ 0–64 bytes of visible ASCII │
 *               └───────────┴────────────────────────────┘
 *   address,      ┌────────────┬─────────────────────────────────────┐
 *   clientAddress │ length u16 │ host:port, 0–259 bytes of visible ASCII │
 *                 └────────────┴─────────────────────────────────────┘
 */

/** A node introduces itself: to join, or because it is back, or to learn whether it still belongs to the cluster. */
export interface AdmissionRequest {
  readonly nodeId: NodeId
  /** What tells it from any other node with the same id. */
  readonly identity: string
  /** Empty: it belongs to no cluster yet. */
  readonly clusterId: string
  /** Where its peers reach it, host:port. */
  readonly address: string
  /** Where clients reach it, host:port; empty: it is not known yet. */
  readonly clientAddress: string
  /** It holds a log of the cluster: it has been a member. */
  readonly hasLog: boolean
  /** It was passed on once, and is not passed on again. */
  readonly isForwarded: boolean
}

/** What the cluster says to a node that it takes. */
export interface Admission {
  /** A learner is promoted when it asks again and has caught up. */
  readonly standing: 'learner' | 'voter'
  /** Log entries that a learner was lacking when it was looked at. */
  readonly lagEntries: number
  readonly clusterId: string
  /** The members whose addresses are known, so that the node can find them before it has read its metadata. */
  readonly members: ReadonlyMap<NodeId, string>
}

/** A node is to be taken out of the cluster for ever. */
export interface RemovalRequest {
  readonly nodeId: NodeId
  readonly isForwarded: boolean
}

/** Asks to be a member, or whether one is. Whoever is refused gets the failure `NODE_REFUSED`. */
export const admission: PeerQuestion<AdmissionRequest, Admission> = {
  requestKind: 1,
  request: peerBody({
    write: ({ nodeId, identity, clusterId, address, clientAddress, hasLog, isForwarded }, output) => {
      output.u64(nodeId)
      output.u8((hasLog ? HAS_LOG : 0) | (isForwarded ? FORWARDED : 0))
      output.shortText(identity)
      output.shortText(clusterId)
      writeAddress(address, output)
      writeAddress(clientAddress, output)
    },
    read: (input) => {
      const nodeId = input.id()
      const flags = readFlags(input, HAS_LOG | FORWARDED)
      return {
        nodeId,
        identity: readName(input),
        clusterId: readName(input),
        address: readAddress(input),
        clientAddress: readAddress(input),
        hasLog: (flags & HAS_LOG) !== 0,
        isForwarded: (flags & FORWARDED) !== 0,
      }
    },
  }),
  answer: peerBody({
    write: ({ standing, lagEntries, clusterId, members }, output) => {
      output.u8(STANDINGS.indexOf(standing) + 1)
      output.u64(lagEntries)
      output.shortText(clusterId)
      output.u32(members.size)
      for (const [nodeId, address] of members) {
        output.u64(nodeId)
        writeAddress(address, output)
      }
    },
    read: (input) => ({
      standing: readStanding(input),
      lagEntries: input.u64(),
      clusterId: readName(input),
      members: readMembers(input),
    }),
  }),
}

/** Asks to take a node out. Answered without content once that has happened. */
export const removal: PeerQuestion<RemovalRequest, object> = {
  requestKind: 2,
  request: peerBody({
    write: ({ nodeId, isForwarded }, output) => {
      output.u64(nodeId)
      output.u8(isForwarded ? FORWARDED : 0)
    },
    read: (input) => ({ nodeId: input.id(), isForwarded: readFlags(input, FORWARDED) !== 0 }),
  }),
  answer: peerBody({ write: () => undefined, read: () => ({}) }),
}

const HAS_LOG = 1
const FORWARDED = 2
const STANDINGS = ['learner', 'voter'] as const
const ADDRESS_BYTES_MAX = 259
const VISIBLE_ASCII = /^[\x21-\x7e]*$/

function readFlags(input: ByteReader, known: number): number {
  const flags = input.u8()
  if ((flags & ~known) !== 0) input.fail('range')
  return flags
}

function readStanding(input: ByteReader): Admission['standing'] {
  const standing = STANDINGS[input.u8() - 1]
  if (standing === undefined) input.fail('range')
  return standing ?? 'learner'
}

function readName(input: ByteReader): string {
  const name = input.text(input.u8())
  if (!isClusterId(name)) input.fail('range')
  return name
}

function writeAddress(address: string, output: ByteWriter): void {
  output.u16(address.length)
  output.text(address)
}

function readAddress(input: ByteReader): string {
  const length = input.u16()
  if (length > ADDRESS_BYTES_MAX) input.fail('range')
  const address = input.text(length)
  if (!VISIBLE_ASCII.test(address)) input.fail('range')
  return address
}

function readMembers(input: ByteReader): ReadonlyMap<NodeId, string> {
  const members = new Map<NodeId, string>()
  for (let left = input.count(MEMBER_BYTES_MIN); left > 0; left--) members.set(input.id(), readAddress(input))
  return members
}

const MEMBER_BYTES_MIN = 10
