/** One append, of an entry or of a batch, as its caller knows it. */
export interface AppendCall {
  /** Ascends with the calls of the run. */
  readonly id: number
  readonly entries: readonly Uint8Array[]
  state: 'pending' | 'acked' | 'failed'
  /** Topic offset of its first entry, once acked. */
  firstOffset: number
}

export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}
