import { constants } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { SystemCalls } from './system-calls.js'
import { hasCode } from './system-error.js'

/** Makes the directory and the parents that are missing; each survives a crash once this has resolved. */
export async function makeStableDirectory(calls: SystemCalls, path: string): Promise<void> {
  const absolute = resolve(path)
  const made = await tryMakeDirectory(calls, absolute)
  if (made === 'exists') return
  if (made === 'parent missing') {
    await makeStableDirectory(calls, dirname(absolute))
    // Somebody else may have made it meanwhile.
    await tryMakeDirectory(calls, absolute)
  }
  await syncDirectory(calls, dirname(absolute))
}

/** The names created, renamed and deleted in the directory are on stable storage when it resolves. */
export async function syncDirectory(calls: SystemCalls, path: string): Promise<void> {
  const descriptor = await calls.open(path, constants.O_RDONLY)
  try {
    await calls.sync(descriptor)
  } finally {
    await calls.close(descriptor)
  }
}

async function tryMakeDirectory(calls: SystemCalls, path: string): Promise<'made' | 'exists' | 'parent missing'> {
  try {
    await calls.makeDirectory(path)
    return 'made'
  } catch (thrown) {
    if (hasCode(thrown, 'EEXIST')) return 'exists'
    if (hasCode(thrown, 'ENOENT')) return 'parent missing'
    throw thrown
  }
}
