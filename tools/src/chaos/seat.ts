import { truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Exit, LocalNode } from '../cluster/local-node.js'

/** Where one node after the other sits. Knows which ends of its process are ours; any other one is reported. */
export class Seat {
  #node: LocalNode
  #ready: Promise<void> = Promise.resolve()
  /** Whether the process is to run. */
  #wanted = true
  readonly #report: (violation: string) => void

  /** @param node which runs already */
  constructor(node: LocalNode, report: (violation: string) => void) {
    this.#node = node
    this.#report = report
    this.#watch(node)
  }

  get id(): number {
    return this.#node.id
  }

  get clientPort(): number {
    return this.#node.options.clientPort
  }

  /** Resolves once the newest process is ready, or has ended. */
  get ready(): Promise<void> {
    return this.#ready
  }

  async kill(): Promise<void> {
    this.#wanted = false
    await this.#node.stop('SIGKILL')
  }

  /** The run is over: its process may end. */
  release(): void {
    this.#wanted = false
  }

  pause(): void {
    this.#node.signal('SIGSTOP')
  }

  resume(): void {
    this.#node.signal('SIGCONT')
  }

  /** Starts the process again, or the one of the node that sits here from now on. Resolves at once; `ready` tells the rest. */
  start(node: LocalNode = this.#node): void {
    this.#node = node
    this.#wanted = true
    this.#ready = node.start(READY_TIMEOUT_MS).then(
      () => undefined,
      (error: Error) => {
        if (this.#wanted && node.running) this.#report(error.message)
      },
    )
    this.#watch(node)
  }

  /** The node was removed from the cluster, and ends by itself. */
  async left(): Promise<Exit> {
    this.#wanted = false
    return await this.#node.exited
  }

  /** Takes all the room that the node may use, and resolves with how to give it back. */
  async fillDisk(quotaBytes: number): Promise<() => Promise<void>> {
    const { dataDir, id } = this.#node.options
    const path = join(dataDir, `node_${id}`, 'log', 'ballast')
    await writeFile(path, '')
    // A hole takes no room on the real disk, and counts with its size for the node.
    await truncate(path, quotaBytes)
    return () => unlink(path)
  }

  #watch(node: LocalNode): void {
    void node.exited.then(({ code, signal }) => {
      if (node === this.#node && this.#wanted) this.#report(`Node ${node.id} ended by itself, with ${signal ?? code}`)
    })
  }
}

/** It waits for a majority, so for the end of every fault. */
const READY_TIMEOUT_MS = 120_000
