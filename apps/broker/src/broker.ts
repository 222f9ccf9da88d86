import type { StorageBackend } from '@walrus/embedded'
import { reasonOf, WalrusError, type LogStorage } from '@walrus/core'
import type { RaftMetadataLog } from '@walrus/metadata-raft'
import type { Logger } from 'pino'
import { composeNode } from './composition/container.js'
import { Port } from './composition/port.js'
import type { RaftLog } from './composition/raft-log.js'
import { clientAddress, type Config } from './config.js'
import type { Directories } from './directories.js'

/** A node that runs in this process. */
export interface Broker {
  /** Where clients are listened for, host:port. */
  readonly clientAddress: string
  /** What the log is stored with. */
  readonly storage: StorageBackend
  /** Where the node keeps its things. */
  readonly directory: string
  /** Hands what it leads to other nodes, stops accepting, answers what was accepted, syncs, and releases everything. Idempotent. */
  close(): Promise<void>
  /** Resolves with what has ended the node from within, if that ever happens; it is to be closed then. */
  readonly failed: Promise<Error>
}

/**
 * Opens a node; closes what was opened if something fails. One after the other, although the container could do it at once:
 * the storage first, because its lock says whose directory it is, and the client port last, when all behind it works. A node of a
 * cluster waits until it is in it, with all that was decided before, unless `stopSignal` aborts.
 */
export async function openBroker(config: Config, logger: Logger, stopSignal: AbortSignal): Promise<Broker> {
  const container = composeNode(config, logger, stopSignal)
  const lifetime = container.get(Port.lifetime)
  try {
    const stored = await container.getAsync(Port.logStorage)
    assertKnown(stored, await container.getAsync(Port.raftLog), container.get(Port.directories))
    await container.getAsync(Port.peers)
    const log = await container.getAsync(Port.metadataLog)
    const membership = await container.getAsync(Port.membership)
    const listener = await container.getAsync(Port.clientListener)
    await membership.announceClients(clientAddress(config, listener.address))
    const { node: directory } = container.get(Port.directories)
    const storage = container.get(Port.storageBackend)
    const failed = container.get(Port.failure).reported
    const node = await container.getAsync(Port.node)
    const close = async (): Promise<void> => {
      await node.drain()
      await handLeadershipOn(log, logger)
      await lifetime.end()
    }
    return { clientAddress: listener.address, storage, directory, failed, close }
  } catch (thrown) {
    await lifetime.end()
    throw thrown
  }
}

/** Without its metadata a node would take all that is stored for deleted. */
function assertKnown(storage: LogStorage, raftLog: RaftLog, { log, raft }: Directories): void {
  const segmentCount = [...storage.segments()].length
  if (segmentCount === 0 || raftLog.clusterId !== null) return
  const reason = `it has ${segmentCount} segments, and "${raft}", which says what they are, is empty`
  throw new WalrusError('CORRUPT_DATA', `Cannot use "${log}": ${reason}`)
}

/** To the voter that has most of the log: an election in its own time would stop the metadata for a while. */
async function handLeadershipOn(log: RaftMetadataLog, logger: Logger): Promise<void> {
  const { id, role, replication, voterConfigurations } = log.status()
  if (role !== 'Leader' || replication === null) return
  const others = [...replication].filter(([node]) => node !== id && voterConfigurations.flat().includes(node))
  const [successor] = others.sort(([, left], [, right]) => right - left)
  if (successor === undefined) return
  try {
    await log.node.transferLeadership(successor[0])
  } catch (error) {
    logger.info({ successor: successor[0], reason: reasonOf(error) }, 'Raft: leadership was not handed on')
  }
}
