import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalNode, type LocalNodeOptions } from './local-node.js'

export interface LocalClusterOptions {
  readonly nodeCount: number
  readonly dataDir: string
  /** Of node 1; the others count up. */
  readonly clientPort: number
  /** Of node 1; the others count up. */
  readonly raftPort: number
  /** Further flags, for every broker. */
  readonly flags?: readonly string[]
  /** Hears every line that a node writes. */
  readonly onLine?: (id: number, line: string) => void
  /** Hears the ready line of each node. */
  readonly onReady?: (id: number, line: string) => void
}

/** Nodes 1 to n of a cluster on this machine. Node 1 founds it, the others join; with data of an earlier run all go on. */
export class LocalCluster {
  readonly nodes: readonly LocalNode[]
  readonly #options: LocalClusterOptions

  constructor(options: LocalClusterOptions) {
    this.#options = options
    this.nodes = Array.from({ length: options.nodeCount }, (_, at) => new LocalNode(nodeOptions(options, at + 1)))
  }

  /** Removes what these nodes have stored. */
  async removeData(): Promise<void> {
    const folders = this.nodes.map(({ id }) => join(this.#options.dataDir, `node_${id}`))
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
  }

  /** All at once: those that have to find each other wait for each other. Rejects with the first failure. */
  async start(): Promise<void> {
    await Promise.all(this.nodes.map((node) => this.#startOne(node)))
  }

  /** Ends all of them as a terminal does, and by force those that are not gone in time. */
  async stop(timeoutMs: number): Promise<void> {
    const force = setTimeout(() => this.nodes.forEach((node) => node.signal('SIGKILL')), timeoutMs)
    await Promise.all(this.nodes.map((node) => node.stop('SIGTERM')))
    clearTimeout(force)
  }

  async #startOne(node: LocalNode): Promise<void> {
    this.#options.onReady?.(node.id, await node.start())
  }
}

function nodeOptions(options: LocalClusterOptions, id: number): LocalNodeOptions {
  const { dataDir, clientPort, raftPort, flags = [], onLine } = options
  return {
    id,
    dataDir,
    clientPort: clientPort + id - 1,
    raftPort: raftPort + id - 1,
    flags: () => flags,
    ...(id > 1 && { join: () => `127.0.0.1:${raftPort}` }),
    ...(onLine && { onLine: (line: string) => onLine(id, line) }),
  }
}
