import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface BrokerProcessOptions {
  readonly flags?: readonly string[]
  readonly variables?: Readonly<Record<string, string>>
  /** Limits of the shell for the process, such as `-n 64`. */
  readonly ulimit?: string
}

/** The broker as its users run it: a process of its own, known by what it prints and by how it ends. */
export class BrokerProcess {
  stdout = ''
  stderr = ''
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess

  private constructor({ flags = [], variables = {}, ulimit }: BrokerProcessOptions) {
    const command = [process.execPath, BIN, ...flags]
    const words = ulimit === undefined ? command : ['bash', '-c', `ulimit ${ulimit}; exec "$0" "$@"`, ...command]
    const [program = '', ...args] = words
    this.#child = spawn(program, args, {
      env: { PATH: process.env['PATH'], ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }))
  }

  /** Starts a process and returns at once. */
  static spawn(options: BrokerProcessOptions): BrokerProcess {
    return new BrokerProcess(options)
  }

  /** Starts a node on a free client port, and resolves once it says that it is ready. */
  static async start(options: BrokerProcessOptions): Promise<BrokerProcess> {
    const broker = new BrokerProcess({ ...options, flags: ['--client-port', '0', ...(options.flags ?? [])] })
    await broker.#whenReady()
    return broker
  }

  /** The port that clients connect to, as the ready line says. */
  get port(): number {
    return Number(/clients on \S+:(\d+),/.exec(this.stdout)?.[1])
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends a signal and resolves once the process is gone. */
  async stop(signal: NodeJS.Signals): Promise<Exit> {
    if (this.running) this.signal(signal)
    return this.exited
  }

  /** Resolves once `words` stand in what the process has written to standard error. */
  whenLogged(words: string): Promise<void> {
    return this.#whenWritten(this.#child.stderr, () => this.stderr.includes(words))
  }

  #whenReady(): Promise<void> {
    return this.#whenWritten(this.#child.stdout, () => this.stdout.includes('\n'))
  }

  async #whenWritten(stream: Readable | null, isThere: () => boolean): Promise<void> {
    const written = new Promise<void>((resolve) => {
      const look = () => {
        if (isThere()) resolve()
      }
      stream?.on('data', look)
      look()
    })
    const gone = this.exited.then(({ code }) => {
      throw new Error(`The broker ended with ${code}: ${this.stderr}`)
    })
    await Promise.race([written, gone])
  }
}

const BIN = fileURLToPath(new URL('../../bin/walrus-broker.js', import.meta.url))
