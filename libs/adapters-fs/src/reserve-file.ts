import { constants } from 'node:fs'
import type { SystemCalls } from './system-calls.js'
import { writeFully } from './write-parts.js'

/**
 * How the space of a new file is taken.
 * `written`: zeros are written through it, so that a later write can neither find the disk full nor change metadata,
 * and a durable write is one flush. `sparse`: only its length is set; quick, and both of that is lost.
 */
export type Reservation = 'written' | 'sparse'

const ZEROS = new Uint8Array(2 ** 20)
/** So much is in the cache at most, so that the syncs of other files do not wait behind all of a new one. */
const STEP_BYTES = 16 * 2 ** 20

/** Makes the file, which must not exist; its bytes and size are on stable storage when it resolves. Its name is not. */
export async function reserveFile(
  calls: SystemCalls,
  path: string,
  sizeBytes: number,
  reservation: Reservation,
): Promise<void> {
  const descriptor = await calls.open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL)
  try {
    await calls.truncate(descriptor, sizeBytes)
    if (reservation === 'written') await writeZeros(calls, descriptor, sizeBytes)
    await calls.sync(descriptor)
  } finally {
    await calls.close(descriptor)
  }
}

async function writeZeros(calls: SystemCalls, descriptor: number, sizeBytes: number): Promise<void> {
  for (let position = 0; position < sizeBytes; position += STEP_BYTES) {
    await writeFully(calls, descriptor, zeros(Math.min(STEP_BYTES, sizeBytes - position)), position)
    await calls.syncData(descriptor)
  }
}

function zeros(lengthBytes: number): readonly Uint8Array[] {
  const whole = new Array<Uint8Array>(Math.floor(lengthBytes / ZEROS.length)).fill(ZEROS)
  return [...whole, ZEROS.subarray(0, lengthBytes % ZEROS.length)]
}
