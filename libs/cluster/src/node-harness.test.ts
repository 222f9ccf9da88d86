import { WalrusError, type CommitTicket } from '@walrus/core'
import {
  ManualClock,
  MemoryLogStorage,
  ScriptedMetadataLog,
  type MemoryLogDisk,
  type MemoryLogStorageOptions,
  type ScriptedMetadataDisk,
  type ScriptedMetadataLogOptions,
} from '@walrus/testing'
import type { ClusterNode } from './cluster-node.js'
import { openNode, type NodeOptions } from './open-node.js'

/** One line that a node reported. */
export interface Reported {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, string | number>>
}

/** A node over in-memory storage and metadata that outlive it, so that it can be killed and started again. */
export class NodeHarness {
  readonly clock = new ManualClock()
  readonly disk: MemoryLogDisk = new Map()
  readonly metadataDisk: ScriptedMetadataDisk = { commands: [] }
  readonly reports: Reported[] = []
  storageOptions: MemoryLogStorageOptions = {}
  metadataOptions: ScriptedMetadataLogOptions = {}
  storage = new MemoryLogStorage(this.disk)
  metadata = new ScriptedMetadataLog(this.metadataDisk)

  /** Starts a node over what the last one left. */
  async start(options: Partial<NodeOptions> = {}): Promise<ClusterNode> {
    this.storage = new MemoryLogStorage(this.disk, this.storageOptions)
    this.metadata = new ScriptedMetadataLog(this.metadataDisk, this.metadataOptions)
    return await openNode({
      nodeId: 1,
      address: '127.0.0.1:6000',
      storage: this.storage,
      metadata: this.metadata,
      clock: this.clock,
      report: (level, message, fields) => this.reports.push({ level, message, fields }),
      ...options,
    })
  }

  /** The process dies: what is not committed is lost. */
  kill(): void {
    this.storage.crash()
    void this.metadata.close()
  }

  /** Counts of the topic's sealed segments, as metadata has them. */
  sealedCounts(topic: string): readonly number[] {
    const segments = this.metadata.state.topics.get(topic)?.segments ?? []
    return segments.filter((segment) => segment.state === 'sealed').map((segment) => segment.entryCount)
  }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function text(data: Uint8Array | undefined): string | undefined {
  return data === undefined ? undefined : new TextDecoder().decode(data)
}

/** Appends `prefix-<from>` … `prefix-<to − 1>` without waiting. */
export function appendRange(node: ClusterNode, topic: string, from: number, to: number): CommitTicket[] {
  return range(from, to).map((at) => node.append(topic, bytes(`entry-${at}`)))
}

/** Takes entries at the shared cursor until there is none. */
export async function getAll(node: ClusterNode, topic: string): Promise<string[]> {
  const found: string[] = []
  for (let entry = await node.get(topic); entry !== undefined; entry = await node.get(topic)) {
    found.push(text(entry.data) ?? '')
  }
  return found
}

export function entryNames(from: number, to: number): string[] {
  return range(from, to).map((at) => `entry-${at}`)
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at)
}

/** The code with which a call fails; `resolved` if it does not. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    return error instanceof WalrusError ? error.code : String(error)
  }
  return 'resolved'
}

/** Lets everything run that does not wait for time to pass. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** A promise that is settled from outside. */
export class Latch<Value = void> {
  readonly promise: Promise<Value>
  open: (value: Value) => void = () => undefined
  fail: (error: Error) => void = () => undefined

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.open = resolve
      this.fail = reject
    })
  }
}
