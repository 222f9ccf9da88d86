import {
  applyCommand,
  decodeCommand,
  decodeState,
  EMPTY_METADATA,
  encodeStateInPieces,
  WalrusError,
  type ClusterMetadata,
  type EventTrace,
  type MetadataCommand,
  type MetadataLog,
  type MetadataResult,
} from '@walrus/core'
import type { StateMachine } from '@walrus/raft'
import { commandsBetween } from './commands-between.js'

export type Listener = Parameters<MetadataLog['subscribe']>[0]

/** The metadata as Raft's state machine. */
export class MetadataMachine implements StateMachine<MetadataResult> {
  readonly #listeners = new Set<Listener>()
  readonly #trace: EventTrace | undefined
  #state: ClusterMetadata = EMPTY_METADATA

  constructor(trace?: EventTrace) {
    this.#trace = trace
  }

  get state(): ClusterMetadata {
    return this.#state
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Bytes that are no command are a command that is rejected, on every node alike. A command of a later release stops this
   * node instead: the others may know it, and what it does cannot be guessed.
   */
  apply(command: Uint8Array): MetadataResult {
    const decoded = decodeCommand(textOf(command))
    if (!decoded.ok && decoded.code === 'UNSUPPORTED_FORMAT') {
      throw new WalrusError(decoded.code, `Cannot apply a metadata command: ${decoded.fault}`)
    }
    if (!decoded.ok) return this.#applyDamaged()
    const { state, result } = applyCommand(this.#state, decoded.value)
    this.#state = state
    this.#traceApplied(decoded.value, result)
    if (result.outcome === 'applied') this.#tell(decoded.value)
    return result
  }

  snapshot(): Iterable<Uint8Array> {
    return bytesOf(encodeStateInPieces(this.#state))
  }

  restore(data: Uint8Array): void {
    const decoded = decodeState(textOf(data))
    if (!decoded.ok) throw new WalrusError(decoded.code, `Cannot restore the metadata: ${decoded.fault}`)
    const before = this.#state
    this.#state = decoded.value
    this.#trace?.record({ kind: 'metadata-restored', version: decoded.value.version })
    for (const command of commandsBetween(before, this.#state)) this.#tell(command)
  }

  #applyDamaged(): MetadataResult {
    this.#state = { ...this.#state, version: this.#state.version + 1 }
    return { outcome: 'rejected', reason: 'invalid-command', detail: 'the bytes are no metadata command' }
  }

  #traceApplied(command: MetadataCommand, { outcome }: MetadataResult): void {
    const { version } = this.#state
    this.#trace?.record({ kind: 'metadata-applied', version, command, outcome })
  }

  #tell(command: MetadataCommand): void {
    for (const listener of this.#listeners) listener(command, this.#state)
  }
}

function* bytesOf(pieces: Iterable<string>): Generator<Uint8Array, undefined> {
  for (const piece of pieces) yield Buffer.from(piece)
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
