import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export interface LocalNodeOptions {
  readonly id: number
  readonly dataDir: string
  readonly clientPort: number
  readonly raftPort: number
  /** host:port of any member, asked for at each start; none for the node that founds the cluster. */
  readonly join?: () => string
  /** Further flags of the broker, asked for at each start. */
  readonly flags?: () => readonly string[]
  readonly variables?: Readonly<Record<string, string>>
  /** Hears every line that the process writes. */
  readonly onLine?: (line: string) => void
  /** Hears of each process of the node when it begins, and when it has ended. */
  readonly onProcess?: (pid: number, running: boolean) => void
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** One broker of a cluster on this machine: a process that may be ended and started again, with the same directory and ports. */
export class LocalNode {
  readonly options: LocalNodeOptions
  #child: ChildProcess | undefined
  #exited: Promise<Exit> = Promise.resolve({ code: 0, signal: null })
  /** What the process wrote last, for whoever must say why it ended. */
  #lastLines: string[] = []

  constructor(options: LocalNodeOptions) {
    this.options = options
  }

  get id(): number {
    return this.options.id
  }

  /** Of the newest process; 0 before the first. */
  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** What the newest process has written last, a few lines. */
  get lastLines(): readonly string[] {
    return this.#lastLines
  }

  /** How the newest process ended, once it has. */
  get exited(): Promise<Exit> {
    return this.#exited
  }

  /** Starts the process; resolves with its ready line. Rejects when it ends before that, or is not ready in time. */
  async start(timeoutMs = START_TIMEOUT_MS): Promise<string> {
    this.#lastLines = []
    const child = spawn(process.execPath, [BROKER, ...brokerFlags(this.options)], {
      env: { PATH: process.env['PATH'], ...this.options.variables },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C goes to the whole group of a terminal, and a broker ends at once at its second signal.
      detached: true,
    })
    this.#child = child
    const { pid = 0 } = child
    this.options.onProcess?.(pid, true)
    this.#exited = once(child, 'close').then(([code, signal]) => {
      this.options.onProcess?.(pid, false)
      return { code, signal }
    })
    const ready = this.#readyLine(child.stdout)
    this.#follow(child.stderr)
    return await Promise.race([ready, this.#endedEarly(), this.#tooLate(timeoutMs)])
  }

  /** Sends a signal, if there is a process. */
  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child?.kill(signal)
  }

  /** Sends a signal, and resolves with how the process ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.signal(signal)
    return await this.#exited
  }

  #readyLine(stdout: Readable): Promise<string> {
    return new Promise((resolve) => {
      this.#follow(stdout, (line) => {
        if (line.includes('is ready')) resolve(line)
      })
    })
  }

  #follow(stream: Readable, onLine: (line: string) => void = () => undefined): void {
    createInterface({ input: stream }).on('line', (line) => {
      this.#lastLines = [...this.#lastLines.slice(1 - LAST_LINES), line]
      this.options.onLine?.(line)
      onLine(line)
    })
  }

  async #endedEarly(): Promise<never> {
    const { code, signal } = await this.#exited
    throw new Error(`Node ${this.id} ended with ${signal ?? code}: ${this.#lastLines.join(' | ')}`)
  }

  #tooLate(timeoutMs: number): Promise<never> {
    return new Promise((_, reject) => {
      const late = new Error(`Node ${this.id} was not ready within ${timeoutMs} ms: ${this.#lastLines.join(' | ')}`)
      setTimeout(() => reject(late), timeoutMs).unref()
    })
  }
}

function brokerFlags({ id, dataDir, clientPort, raftPort, join, flags }: LocalNodeOptions): string[] {
  const own = { '--node-id': id, '--data-dir': dataDir, '--client-port': clientPort, '--raft-port': raftPort }
  const joining = join === undefined ? [] : ['--join', join()]
  return [...Object.entries(own).flatMap(([flag, value]) => [flag, String(value)]), ...joining, ...(flags?.() ?? [])]
}

const BROKER = fileURLToPath(new URL('../../../apps/broker/bin/walrus-broker.js', import.meta.url))
const START_TIMEOUT_MS = 30_000
const LAST_LINES = 5
