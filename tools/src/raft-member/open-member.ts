import { randomInt, randomUUID } from 'node:crypto'
import { systemClock } from '@walrus/adapters-fs'
import { openLevelRaftLog } from '@walrus/adapters-level'
import { openPeerNetwork } from '@walrus/adapters-net'
import { findCluster, openMembership } from '@walrus/membership'
import { openRaftMetadataLog, type RaftMetadataLog } from '@walrus/metadata-raft'
import { defaultLimits, emptyConfState } from '@walrus/raft'
import type { MemberOptions } from './member-messages.js'

/** A member of a cluster without its data: Raft over LevelDB and sockets, as a broker has it. */
export interface Member {
  readonly address: string
  readonly log: RaftMetadataLog
  close(): Promise<void>
}

/** Resolves once the node is a voter and has read the newest metadata. Whatever ends it ends the process. */
export async function openMember({ id, directory, port, join, ...bounds }: MemberOptions): Promise<Member> {
  const clock = systemClock()
  const store = await openLevelRaftLog({ directory, nodeId: id })
  const { identity } = store
  const clusterId = store.clusterId ?? ''
  const peers = await openPeerNetwork({
    host: '127.0.0.1',
    port,
    nodeId: id,
    clusterId,
    clock,
    random: Math.random,
    onEvent: () => undefined,
  })
  const options = {
    self: { nodeId: id, identity, address: peers.address, clientAddress: '' },
    clusterId,
    seeds: join,
    peers,
    clock,
    random: Math.random,
    signal: new AbortController().signal,
    report: () => undefined,
  }
  const adoptCluster = (adopted: string): void => peers.adoptCluster(adopted)
  const addresses = await findCluster({ ...options, record: store, adoptCluster, newClusterId: randomUUID })
  const log = await openRaftMetadataLog({
    nodeId: id,
    address: peers.address,
    addresses,
    store,
    connect: (events) => {
      peers.attach(events)
      return peers
    },
    clock,
    random: (bound) => randomInt(bound),
    limits: { ...defaultLimits, ...bounds },
    ...(store.isFounder && { bootstrap: { ...emptyConfState, voters: [id] } }),
    events: { onFatal: fail },
  })
  const membership = await openMembership({ ...options, clusterId: store.clusterId ?? '', log, onRefused: fail })
  return {
    address: peers.address,
    log,
    close: async () => {
      membership.close()
      await log.close()
    },
  }
}

function fail(error: Error): never {
  throw error
}
