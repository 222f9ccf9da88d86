import { nativeChecksum } from '@walrus/adapters-fs'
import { readU32, writeU32, writeU64 } from '@walrus/protocol'
import { randomBelow, seededRandom, type Random } from '@walrus/testing'
import { anyBytes } from '../draw.js'

/*
 * What is done to the files of a log, as the bytes of an input: a byte that chooses the log and how it is opened, then steps. Any
 * bytes are a script; what is cut off is zero.
 *
 *   step   ┌─────────┬─────────┬────────────┬────────────┬──────────┬──────────┐
 *          │ kind u8 │ file u8 │ sector u16 │ offset u16 │ value u8 │ extra u8 │
 *          └─────────┴─────────┴────────────┴────────────┴──────────┴──────────┘
 */

/** Files that may be damaged, by name. */
export type Files = Map<string, Uint8Array>

const STEP_BYTES = 8
const STEPS_MAX = 32
const SECTOR_BYTES = 512
const DATA_SECTOR = 8
const CRC_AT = SECTOR_BYTES - 4
const FRAME_BYTES = 24
const FILE_ID_AT = 20

/** True when a step makes checksums good again: then what is read may be another thing than what was written. */
export function damageFiles(files: Files, script: Uint8Array): boolean {
  let resealed = false
  for (let at = 1; at < script.length && at < STEPS_MAX * STEP_BYTES; at += STEP_BYTES) {
    const bytes = new Uint8Array(STEP_BYTES)
    bytes.set(script.subarray(at, at + STEP_BYTES))
    resealed = damage(files, bytes) || resealed
  }
  return resealed
}

/** A script that damages a few places, and makes the checksums of some good again. */
export function exampleScript(random: Random): Uint8Array {
  const steps: number[] = [randomBelow(random, 256)]
  for (let left = 1 + randomBelow(random, 4); left > 0; left -= 1) {
    const place = [randomBelow(random, 256), ...anyPlace(random)]
    steps.push(randomBelow(random, RESEAL), ...place, randomBelow(random, 256), randomBelow(random, 256))
    if (random() < 0.4) steps.push(RESEAL, ...place, 0, 0)
  }
  return Uint8Array.from(steps)
}

/** The superblock and the table of slots are a few sectors, and all hangs on them; a damaged superblock ends it at once. */
function anyPlace(random: Random): readonly number[] {
  const part = random()
  const sector =
    part < 0.08 ? randomBelow(random, 3) : part < 0.5 ? 8 + randomBelow(random, 8) : randomBelow(random, 80)
  const offset = randomBelow(random, random() < 0.5 ? 128 : SECTOR_BYTES)
  return [sector, 0, offset % 256, offset >> 8]
}

interface Step {
  readonly bytes: Uint8Array
  readonly at: number
  readonly value: number
  readonly extra: number
}

const STEPS: readonly ((step: Step) => void)[] = [
  ({ bytes, at, value }) => (bytes[at] = (bytes[at] ?? 0) ^ (1 << (value & 7))),
  ({ bytes, at, value }) => (bytes[at] = value),
  ({ bytes, at, value }) => at + 4 <= bytes.length && writeU32(bytes, at, NUMBERS[value % NUMBERS.length] ?? 0),
  ({ bytes, at, value }) => at + 8 <= bytes.length && writeU64(bytes, at, NUMBERS[value % NUMBERS.length] ?? 0),
  ({ bytes, at, value, extra }) => {
    const start = at - (at % SECTOR_BYTES)
    bytes.copyWithin((value | ((extra & 1) << 8)) * SECTOR_BYTES, start, start + SECTOR_BYTES * (1 + (extra >> 4)))
  },
  ({ bytes, at, value }) => bytes.fill(0, at, at + 8 * (value + 1)),
  ({ bytes, at, value, extra }) => bytes.set(anyBytes(seededRandom(value), extra).subarray(0, bytes.length - at), at),
]
const CUT = STEPS.length
const REMOVE = CUT + 1
const RESEAL = REMOVE + 1
const NUMBERS = [0, 1, 2, 64, 512, 4096, 65_536, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53 - 1, 2 ** 53]

function damage(files: Files, step: Uint8Array): boolean {
  const names = [...files.keys()]
  const name = names[(step[1] ?? 0) % Math.max(1, names.length)]
  const bytes = files.get(name ?? '')
  if (name === undefined || bytes === undefined || bytes.length === 0) return false
  const sector = (step[2] ?? 0) | ((step[3] ?? 0) << 8)
  const at = (sector * SECTOR_BYTES + (((step[4] ?? 0) | ((step[5] ?? 0) << 8)) % SECTOR_BYTES)) % bytes.length
  const kind = (step[0] ?? 0) % (RESEAL + 1)
  if (kind === CUT) files.set(name, bytes.slice(0, Math.max(1, at)))
  else if (kind === REMOVE) files.delete(name)
  else if (kind === RESEAL) reseal(bytes, at)
  else STEPS[kind]?.({ bytes, at, value: step[6] ?? 0, extra: step[7] ?? 0 })
  return kind === RESEAL
}

/** Makes the checksums of what stands there good: a sector of the superblock, a slot, or the frame and header of a batch. */
function reseal(file: Uint8Array, at: number): void {
  const sector = Math.floor(at / SECTOR_BYTES)
  const start = sector * SECTOR_BYTES
  const end = start + SECTOR_BYTES
  if (end > file.length) return
  if (sector < DATA_SECTOR) writeU32(file, start + CRC_AT, nativeChecksum(file.subarray(start, start + CRC_AT)))
  else if (isSlot(file, start)) writeU32(file, start + CRC_AT, slotChecksum(file, start, sector - DATA_SECTOR))
  else resealBatch(file, at)
}

function isSlot(file: Uint8Array, start: number): boolean {
  return readU32(file, start) === 0x4b4c4257
}

function slotChecksum(file: Uint8Array, start: number, block: number): number {
  const place = new Uint8Array(12)
  place.set(file.subarray(FILE_ID_AT, FILE_ID_AT + 8))
  writeU32(place, 8, block)
  return nativeChecksum(place, nativeChecksum(file.subarray(start, start + CRC_AT)))
}

/** The batch that begins last before the place, or a little behind it. */
function resealBatch(file: Uint8Array, at: number): void {
  for (let header = Math.min(at + FRAME_BYTES, file.length - 64); header >= FRAME_BYTES; header -= 1) {
    if (file[header] !== 0x57 || file[header + 1] !== 1) continue
    writeU32(file, header + 60, nativeChecksum(file.subarray(header, header + 60)))
    const frame = header - FRAME_BYTES
    const checked = nativeChecksum(file.subarray(frame, frame + 20))
    return writeU32(file, frame + 20, nativeChecksum(file.subarray(FILE_ID_AT, FILE_ID_AT + 8), checked))
  }
}
