import { type NodeId } from '../core/types.js'

/*
 * What a normal entry with data carries: whose proposal it is, then the command.
 *
 *   0          8              12           16
 *   +----------+--------------+------------+-----------+
 *   | u64 LE   | u32 LE       | u32 LE     | command   |
 *   | proposer | incarnation  | sequence   |           |
 *   +----------+--------------+------------+-----------+
 *
 * A proposal that was passed on to the leader has no index yet: its proposer knows it again by this when it is applied.
 * The incarnation is drawn at each start, so that a proposal from before a restart is not taken for a new one.
 */
export const envelopeBytes = 16

/** Who made a proposal, and which. */
export interface ProposalId {
  readonly proposer: NodeId
  readonly incarnation: number
  readonly sequence: number
}

/** The data of the entry that carries `command`. */
export function sealProposal({ proposer, incarnation, sequence }: ProposalId, command: Uint8Array): Uint8Array {
  const data = new Uint8Array(envelopeBytes + command.length)
  const view = new DataView(data.buffer)
  view.setBigUint64(0, BigInt(proposer), true)
  view.setUint32(8, incarnation, true)
  view.setUint32(12, sequence, true)
  data.set(command, envelopeBytes)
  return data
}

/** The command in the data of an entry; undefined when the data are too short to have been sealed. */
export function commandOf(data: Uint8Array): Uint8Array | undefined {
  return data.length < envelopeBytes ? undefined : data.subarray(envelopeBytes)
}

/** The sequence of a proposal that this incarnation of this node made; undefined when somebody else did. */
export function ownSequence(data: Uint8Array, proposer: NodeId, incarnation: number): number | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  if (view.getUint32(8, true) !== incarnation || view.getBigUint64(0, true) !== BigInt(proposer)) return undefined
  return view.getUint32(12, true)
}
