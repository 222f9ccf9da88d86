import type { ConfState, NodeId, Snapshot } from '@walrus/raft'
import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'

/*
 * A snapshot inside a message (spec/peer-format.md). The four lists of members are ascending, without repetitions.
 *
 *   snapshot     ┌───────────┬──────────┬──────────────┐
 *                │ index u64 │ term u64 │ autoLeave u8 │
 *                ├───────────┴──────────┴──────────────┴────────────────────┐
 *                │ voters, votersOutgoing, learners, learnersNext: members  │
 *                ├───────────────┬─────────────────┬────────────────────────┘
 *                │ dataBytes u32 │ dataBytes bytes │
 *                └───────────────┴─────────────────┘
 *   members      ┌───────────┬─────────────────┐
 *                │ count u32 │ count × id u64  │
 *                └───────────┴─────────────────┘
 */

export function writeRaftSnapshot({ index, term, confState, data }: Snapshot, output: ByteWriter): void {
  output.u64(index)
  output.u64(term)
  output.u8(confState.autoLeave ? 1 : 0)
  writeMembers(confState.voters, output)
  writeMembers(confState.votersOutgoing, output)
  writeMembers(confState.learners, output)
  writeMembers(confState.learnersNext, output)
  output.u32(data.length)
  output.bytes(data)
}

export function readRaftSnapshot(input: ByteReader): Snapshot {
  const index = input.u64()
  const term = input.u64()
  const confState = readConfState(input)
  return { index, term, confState, data: input.bytes(input.u32()) }
}

function readConfState(input: ByteReader): ConfState {
  const autoLeave = input.u8()
  if (autoLeave > 1) input.fail('range')
  return {
    autoLeave: autoLeave === 1,
    voters: readMembers(input),
    votersOutgoing: readMembers(input),
    learners: readMembers(input),
    learnersNext: readMembers(input),
  }
}

function writeMembers(ids: readonly NodeId[], output: ByteWriter): void {
  output.u32(ids.length)
  for (const id of ids) output.u64(id)
}

function readMembers(input: ByteReader): readonly NodeId[] {
  const ids: NodeId[] = []
  let before = 0
  for (let left = input.count(8); left > 0; left--) {
    const id = input.u64()
    if (id <= before) input.fail('range')
    ids.push(id)
    before = id
  }
  return ids
}
