import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const BROKER = fileURLToPath(new URL('../../../apps/broker/bin/walrus-broker.js', import.meta.url))
const ECHO = fileURLToPath(new URL('bare-echo-server.js', import.meta.url))

/** A server in a process of its own, so that it does not share a thread with the load. */
export class ChildServer {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  /** A broker on free ports with an empty data directory. */
  static broker(dataDir: string, flags: readonly string[]): Promise<ChildServer> {
    return ChildServer.#start(BROKER, [
      ...['--client-port', '0', '--raft-port', '0', '--data-dir', dataDir, '--log-level', 'warn'],
      ...flags,
    ])
  }

  /** A server that sends back each chunk as it comes: the least that a Node process can do. */
  static echo(): Promise<ChildServer> {
    return ChildServer.#start(ECHO, [])
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGTERM')
    await once(this.#child, 'exit')
  }

  static async #start(script: string, args: readonly string[]): Promise<ChildServer> {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    let printed = ''
    for await (const chunk of child.stdout) {
      printed += String(chunk)
      const port = /:(\d+)\b/.exec(printed)?.[1]
      if (port === undefined) continue
      return new ChildServer(child, Number(port))
    }
    throw new Error(`Cannot start ${script}: it printed ${JSON.stringify(printed)}`)
  }
}
