import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BrokerProcess, type BrokerProcessOptions } from './broker-process.js'

/** Small files, so that a test does not spend its time on reserving space; and no port that another broker has. */
const SMALL_FLAGS = ['--block-file-bytes', String(8 * 1024 * 1024), '--raft-port', '0']

/** The brokers of one test and their data directory. All of it is gone after `dispose`. */
export class BrokerFixture {
  readonly dataDir: string
  readonly #brokers: BrokerProcess[] = []

  private constructor(dataDir: string) {
    this.dataDir = dataDir
  }

  static async create(): Promise<BrokerFixture> {
    return new BrokerFixture(await mkdtemp(join(await realpath(tmpdir()), 'walrus-broker-')))
  }

  /** Starts a node on the data directory and a free port, and resolves once it is ready. */
  async start(options: BrokerProcessOptions = {}): Promise<BrokerProcess> {
    const flags = ['--data-dir', this.dataDir, ...SMALL_FLAGS, ...(options.flags ?? [])]
    return this.#adopt(await BrokerProcess.start({ ...options, flags }))
  }

  /** Starts a process on the data directory without waiting for anything. */
  spawn(options: BrokerProcessOptions = {}): BrokerProcess {
    const flags = ['--data-dir', this.dataDir, ...SMALL_FLAGS, ...(options.flags ?? [])]
    return this.#adopt(BrokerProcess.spawn({ ...options, flags }))
  }

  async dispose(): Promise<void> {
    for (const broker of this.#brokers) await broker.stop('SIGKILL')
    await rm(this.dataDir, { recursive: true, force: true })
  }

  #adopt(broker: BrokerProcess): BrokerProcess {
    this.#brokers.push(broker)
    return broker
  }
}
