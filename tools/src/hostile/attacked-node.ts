import { readFileSync } from 'node:fs'
import { freePorts, RawClient, temporaryFolder, type TemporaryFolder } from '@walrus/testing'
import { LocalNode } from '../cluster/local-node.js'
import type { AttackedNode } from './attack.js'

/** A broker of its own, in a folder of its own, with a topic that has something in it. */
export class TestNode implements AttackedNode {
  readonly topic = 'logs'
  readonly clientPort: number
  readonly peerPort: number
  readonly #node: LocalNode
  readonly #folder: TemporaryFolder
  #witness: RawClient | undefined
  #turn = 0

  private constructor(node: LocalNode, folder: TemporaryFolder) {
    this.clientPort = node.options.clientPort
    this.peerPort = node.options.raftPort
    this.#node = node
    this.#folder = folder
  }

  static async start(flags: readonly string[] = []): Promise<TestNode> {
    const folder = await temporaryFolder()
    const [clientPort = 0, raftPort = 0] = await freePorts(2)
    const small = ['--block-file-bytes', String(16 * 1024 * 1024), '--log-level', 'error']
    const node = new LocalNode({ id: 1, dataDir: folder.path, clientPort, raftPort, flags: () => [...small, ...flags] })
    const started = new TestNode(node, folder)
    try {
      await node.start()
      await started.#fill()
    } catch (error) {
      await started.remove()
      throw error
    }
    return started
  }

  get running(): boolean {
    return this.#node.running
  }

  /** What the process has in memory; 0 where the system does not tell. */
  get residentBytes(): number {
    try {
      const status = readFileSync(`/proc/${this.#node.pid}/status`, 'utf8')
      return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
    } catch {
      return 0
    }
  }

  /** Others are served as ever: what they put they get, and nothing else. Rejects when that is not so. */
  async serve(): Promise<void> {
    const witness = (this.#witness ??= await RawClient.connect(this.clientPort))
    const entry = `turn ${++this.#turn}`
    const answers = [await witness.ask(`PUT witnessed ${entry}`), await witness.ask('GET witnessed')]
    if (answers.join() !== `OK,OK ${entry}`) throw new Error(`Others are answered with ${answers.join()}`)
  }

  /** Ends the process and removes what it has stored. */
  async remove(): Promise<void> {
    await this.#witness?.destroy()
    await this.#node.stop('SIGKILL')
    await this.#folder.remove()
  }

  async #fill(): Promise<void> {
    const client = await RawClient.connect(this.clientPort)
    for (const topic of [this.topic, 'witnessed', 'bench']) await client.ask(`REGISTER ${topic}`)
    for (let nth = 0; nth < ENTRIES; nth += 1) client.send(Buffer.concat([Buffer.from(`PUT ${this.topic} `), ENTRY]))
    for (let nth = 0; nth < ENTRIES; nth += 1) await client.nextText()
    await client.destroy()
  }
}

const ENTRY = Buffer.alloc(10_000, 'x')
const ENTRIES = 200
