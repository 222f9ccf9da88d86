import type { StorageBackend } from '@walrus/embedded'
import type { Logger } from 'pino'
import { composeNode } from './composition/container.js'
import { Port } from './composition/port.js'
import { clientAddress, type Config } from './config.js'

/** A node that runs in this process. */
export interface Broker {
  /** Where clients are listened for, host:port. */
  readonly clientAddress: string
  /** What the log is stored with. */
  readonly storage: StorageBackend
  /** Where the node keeps its things. */
  readonly directory: string
  /** Stops accepting, answers what was accepted, syncs, and releases everything. Idempotent. */
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
    await container.getAsync(Port.logStorage)
    await container.getAsync(Port.raftLog)
    await container.getAsync(Port.peers)
    await container.getAsync(Port.metadataLog)
    const membership = await container.getAsync(Port.membership)
    const listener = await container.getAsync(Port.clientListener)
    await membership.announceClients(clientAddress(config, listener.address))
    const { node: directory } = container.get(Port.directories)
    const storage = container.get(Port.storageBackend)
    const failed = container.get(Port.failure).reported
    return { clientAddress: listener.address, storage, directory, failed, close: () => lifetime.end() }
  } catch (thrown) {
    await lifetime.end()
    throw thrown
  }
}
