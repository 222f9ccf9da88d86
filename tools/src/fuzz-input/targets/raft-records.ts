import { isDeepStrictEqual } from 'node:util'
import { openLevelRaftLog } from '@walrus/adapters-level'
import {
  recordsOf,
  recoverRecords,
  resealRecord,
  type RecoveredLog,
  type StoredRecord,
} from '@walrus/adapters-level/testing'
import { emptyConfState, type LogWrite } from '@walrus/raft'
import { randomBelow, temporaryFolder, type Random } from '@walrus/testing'
import { BrokenPromise, expectThat, isRefusal } from '../expectation.js'
import type { FuzzTarget } from '../fuzz-target.js'

/*
 * What is done to the records of a log of Raft, as the bytes of an input: steps, one behind the other. Any bytes are a script; what
 * is cut off is zero.
 *
 *   step   ┌─────────┬───────────┬────────────┬──────────┬──────────┐
 *          │ kind u8 │ record u8 │ offset u16 │ value u8 │ extra u8 │
 *          └─────────┴───────────┴────────────┴──────────┴──────────┘
 */

/** Records of the log of Raft, damaged: a node that starts takes the whole log, or refuses it. */
export const raftRecords: FuzzTarget = {
  name: 'raft-records',
  about: 'records of the log of Raft in LevelDB, damaged: what a node that starts makes of them',
  testInputs: 3000,
  open: async () => {
    const records = await writtenRecords()
    const whole = await recoverRecords(records)
    return {
      example: exampleScript,
      check: (script) => checkScript(records, whole, script),
      close: () => Promise.resolve(),
    }
  },
}

const STEP_BYTES = 6
const STEPS_MAX = 16

async function checkScript(written: readonly StoredRecord[], whole: RecoveredLog, script: Uint8Array): Promise<void> {
  const records = written.map(([key, value]): [Buffer, Buffer] => [key, Buffer.from(value)])
  const resealed = damageRecords(records, script)
  let recovered: RecoveredLog
  try {
    recovered = await recoverRecords(records)
  } catch (error) {
    if (isRefusal(error, ['CORRUPT_DATA', 'UNSUPPORTED_FORMAT'])) return
    throw new BrokenPromise(`a node that starts fails with ${String(error)}`, { cause: error })
  }
  if (resealed) return expectSafe(recovered)
  expectThat(isDeepStrictEqual(recovered.root, whole.root), 'another root is taken')
  expectThat(isDeepStrictEqual(recovered.snapshot, whole.snapshot), 'another snapshot is taken')
  expectThat(isDeepStrictEqual(recovered.identity, whole.identity), 'another identity is taken')
  const { lastIndex } = whole.root
  for (let index = whole.root.baseIndex + 1; index <= lastIndex; index += 1) {
    expectThat(isDeepStrictEqual(recovered.tail.entry(index), whole.tail.entry(index)), `entry ${index} is another one`)
  }
}

/** Numbers that cannot be told from their neighbours are none that anybody wrote. */
function expectSafe({ root, tail, snapshot, identity }: RecoveredLog): void {
  for (const [field, value] of Object.entries(root)) {
    expectThat(
      typeof value === 'boolean' || Number.isSafeInteger(value),
      `the root is taken, whose ${field} is ${value}`,
    )
  }
  expectThat(Number.isSafeInteger(tail.term(tail.lastIndex) ?? 0), 'an entry is taken, whose term is no safe number')
  const { voters = [] } = snapshot?.confState ?? {}
  expectThat(
    voters.every((id) => id > 0),
    'a snapshot is taken with a voter that is none',
  )
  expectThat(identity === undefined || identity.identity.length > 0, 'an identity is taken that is none')
}

/** Entries before and after a snapshot of several pieces, in terms that go up. */
async function writtenRecords(): Promise<readonly StoredRecord[]> {
  const folder = await temporaryFolder()
  const log = await openLevelRaftLog({ directory: folder.path, nodeId: 1, chunkBytes: 60, identity: 'one and only' })
  await log.saveCluster('blue', { isFounder: true })
  const write = (parts: Partial<LogWrite>) =>
    log.write({ snapshot: null, entries: [], hardState: null, mustSync: false, ...parts })
  for (let index = 1; index <= 20; index += 1) {
    const entry = {
      index,
      term: 1 + Math.floor(index / 6),
      type: 'normal',
      data: new Uint8Array(index).fill(index),
    } as const
    await write({ entries: [entry], hardState: { term: entry.term, vote: 1, commit: index - 1 } })
  }
  const confState = { ...emptyConfState, voters: [1, 2, 3], learners: [4] }
  await log.saveSnapshot({ index: 12, term: 3, confState, data: new Uint8Array(300).fill(7) }, 8)
  await log.close()
  const records = await recordsOf(folder.path)
  await folder.remove()
  return records
}

function exampleScript(random: Random): Uint8Array {
  const steps: number[] = []
  for (let left = 1 + randomBelow(random, 3); left > 0; left -= 1) {
    // Identity, root and first records come first, and all hangs on the root.
    const record = random() < 0.5 ? randomBelow(random, 3) : randomBelow(random, 32)
    const place = [record, randomBelow(random, 140), 0]
    steps.push(randomBelow(random, RESEAL), ...place, randomBelow(random, 256), randomBelow(random, 256))
    if (random() < 0.6) steps.push(RESEAL, ...place, 0, 0)
  }
  return Uint8Array.from(steps)
}

interface Step {
  readonly records: [Buffer, Buffer][]
  readonly number: number
  readonly record: [Buffer, Buffer]
  readonly at: number
  readonly value: number
  readonly extra: number
}

const STEPS: readonly ((step: Step) => unknown)[] = [
  ({ record: [, bytes], at, value }) => (bytes[at] = (bytes[at] ?? 0) ^ (1 << (value & 7))),
  ({ record: [, bytes], at, value }) => (bytes[at] = value),
  ({ record: [, bytes], at, value }) =>
    at + 8 <= bytes.length && bytes.writeBigUInt64LE(NUMBERS[value % NUMBERS.length] ?? 0n, at),
  ({ record: [, bytes], at, value }) =>
    at + 4 <= bytes.length && bytes.writeUInt32LE(Number((NUMBERS[value % NUMBERS.length] ?? 0n) & 0xffffffffn), at),
  ({ record: [, bytes], at, value }) => bytes.set(piece(value).subarray(0, bytes.length - at), at),
  ({ record, value }) => (record[1] = Buffer.concat([record[1].subarray(0, PAYLOAD_AT), piece(value)])),
  ({ record, at }) => (record[1] = record[1].subarray(0, at)),
  ({ record, value }) => (record[1] = Buffer.concat([record[1], Buffer.alloc(value)])),
  ({ records, record, value }) => (record[1] = Buffer.from(records[value % records.length]?.[1] ?? record[1])),
  ({ records, number }) => records.splice(number, 1),
]
const RESEAL = STEPS.length
const PAYLOAD_AT = 13
const NUMBERS = [0n, 1n, 12n, 20n, 21n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n]
const JSON_PIECES = ['null', '{}', '[]', '"', '-1', '1e99', '{"voters":[0]}', 'true', ',', '}']

function piece(value: number): Buffer {
  return Buffer.from(JSON_PIECES[value % JSON_PIECES.length] ?? '')
}

/** True when a checksum was made good: then what is taken may be another thing than what was written. */
function damageRecords(records: [Buffer, Buffer][], script: Uint8Array): boolean {
  let resealed = false
  for (let start = 0; start < script.length && start < STEPS_MAX * STEP_BYTES; start += STEP_BYTES) {
    const [kind = 0, which = 0, low = 0, high = 0, value = 0, extra = 0] = script.subarray(start, start + STEP_BYTES)
    const number = which % Math.max(1, records.length)
    const record = records[number]
    if (record === undefined) continue
    const at = (low | (high << 8)) % Math.max(1, record[1].length)
    if (kind % (RESEAL + 1) === RESEAL) {
      resealed = true
      resealRecord(record[1])
    } else {
      STEPS[kind % (RESEAL + 1)]?.({ records, number, record, at, value, extra })
    }
  }
  return resealed
}
