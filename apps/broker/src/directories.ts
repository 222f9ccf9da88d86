import { join, resolve } from 'node:path'
import type { Config } from './config.js'

/** Where a node keeps its things, absolute. */
export interface Directories {
  readonly node: string
  /** The block files of the log. */
  readonly log: string
  /** The Raft log, which the metadata is in. */
  readonly raft: string
}

export function directoriesOf({ dataDir, nodeId }: Pick<Config, 'dataDir' | 'nodeId'>): Directories {
  const node = resolve(dataDir, `node_${nodeId}`)
  return { node, log: join(node, 'log'), raft: join(node, 'raft') }
}
