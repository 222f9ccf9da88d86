import { WalrusClient } from '@walrus/client'
import type { Command } from 'commander'
import type { Address } from './address.js'

/** The options that stand before any subcommand. */
export interface GlobalOptions {
  /** Nodes of one cluster: the first that takes a connection serves. At least one. */
  readonly addr: readonly Address[]
  readonly timeoutMs: number
}

/** Connects to where `--addr` says, lets `use` work, and gives the connection back whatever became of it. */
export async function withClient<T>(command: Command, use: (client: WalrusClient) => Promise<T>): Promise<T> {
  const { addr, timeoutMs } = command.optsWithGlobals<GlobalOptions>()
  const client = await WalrusClient.connect({ addresses: addr, timeoutMs })
  try {
    return await use(client)
  } finally {
    client.destroy()
  }
}
