import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What the nodes write, a file for each. */
export class NodeLogs {
  readonly #streams = new Map<number, WriteStream>()

  private constructor(readonly folder: string) {}

  static async open(): Promise<NodeLogs> {
    return new NodeLogs(await mkdtemp(join(tmpdir(), 'walrus-chaos-logs-')))
  }

  write(id: number, line: string): void {
    const stream = this.#streams.get(id) ?? createWriteStream(join(this.folder, `node_${id}.log`))
    this.#streams.set(id, stream)
    stream.write(`${line}\n`)
  }

  async close({ keep }: { readonly keep: boolean }): Promise<void> {
    await Promise.all([...this.#streams.values()].map((stream) => new Promise((resolve) => stream.end(resolve))))
    if (!keep) await rm(this.folder, { recursive: true, force: true })
  }
}
