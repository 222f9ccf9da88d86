import { readdir, readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { WalrusError } from '@walrus/core'
import { ownIdentity, parseIdentity, processState, type ProcessIdentity } from './process-identity.js'
import { hasCode } from './system-error.js'

/** A directory that this process owns. */
export interface DirectoryLock {
  /** Gives it back. */
  release(): Promise<void>
}

/**
 * Makes this process the owner of the directory until it releases it or ends, however it ends. Rejects with
 * `DIRECTORY_LOCKED` while somebody else is, in this process too.
 *
 * The owner is the process that `owner.lock` names, as long as it runs. Who wants to replace that file must first be
 * alone with a claim file: it puts its claim down, and then looks for others. Of any two the later sees the earlier, so
 * never both go on; the larger token withdraws. Claims have unique names, so removing a dead one is always safe.
 */
export async function lockDirectory(path: string, timing: LockTiming = TIMING): Promise<DirectoryLock> {
  const self = await ownIdentity()
  const claimPath = join(path, CLAIM_PREFIX + self.token)
  const ownerPath = join(path, 'owner.lock')
  try {
    await claimAlone({ path, claimPath, self, timing })
    const owner = await livingProcess(ownerPath, self, timing)
    if (owner !== undefined) throw lockedBy(path, owner)
    await rename(claimPath, ownerPath)
  } catch (thrown) {
    await removeFile(claimPath)
    throw thrown
  }
  return keepLock(ownerPath, self, timing)
}

/**
 * Rejects with `DIRECTORY_LOCKED` while the directory has an owner, or somebody is about to become it. Writes nothing, so it
 * keeps nobody out that comes later.
 */
export async function checkUnowned(path: string, timing: LockTiming = TIMING): Promise<void> {
  const self = await ownIdentity()
  const claims = await claimsIn(path, self, timing)
  const claimer = claims.find(({ words }) => words !== undefined)
  const owner = (await livingProcess(join(path, 'owner.lock'), self, timing)) ?? claimer?.words
  if (owner !== undefined) throw lockedBy(path, owner)
}

/** How long is long. */
export interface LockTiming {
  /** The owner touches its lock so often. */
  readonly heartbeatMs: number
  /** After such a silence an owner counts as gone for those who cannot see its process. */
  readonly silenceMs: number
  /** A claim lives for a few calls; who is not alone by then has met a process that stands still. */
  readonly claimTimeoutMs: number
}

const TIMING: LockTiming = { heartbeatMs: 1000, silenceMs: 3500, claimTimeoutMs: 10_000 }
const CLAIM_PREFIX = 'owner.claim-'
const POLL_MS = 5

interface Claim {
  readonly path: string
  readonly claimPath: string
  readonly self: ProcessIdentity
  readonly timing: LockTiming
}

/** Resolves when the claim is down and no other living one is. */
async function claimAlone(claim: Claim): Promise<void> {
  const deadlineMs = performance.now() + claim.timing.claimTimeoutMs
  let claimed = false
  for (;;) {
    const rivals = await livingRivals(claim)
    const [first] = rivals
    if (first === undefined && claimed) return
    if (first !== undefined && performance.now() > deadlineMs) throw lockedBy(claim.path, first.words)
    const yields = rivals.some((rival) => rival.token < claim.self.token)
    if (claimed && yields) {
      await removeFile(claim.claimPath)
      claimed = false
    } else if (!claimed && !yields) {
      await writeFile(claim.claimPath, JSON.stringify(claim.self), { flag: 'wx', mode: 0o640 })
      claimed = true
    } else {
      await sleep(POLL_MS)
    }
  }
}

interface Rival {
  readonly token: string
  readonly words: string
}

async function livingRivals({ path, self, timing }: Claim): Promise<readonly Rival[]> {
  const rivals: Rival[] = []
  for (const { claimPath, token, words } of await claimsIn(path, self, timing)) {
    if (words === undefined) await removeFile(claimPath)
    else rivals.push({ token, words })
  }
  return rivals
}

interface FoundClaim {
  readonly claimPath: string
  readonly token: string
  /** Whose it is; undefined for one of a process that is gone. */
  readonly words: string | undefined
}

/** The claims of others. */
async function claimsIn(path: string, self: ProcessIdentity, timing: LockTiming): Promise<readonly FoundClaim[]> {
  const names = (await readdir(path)).filter((name) => name.startsWith(CLAIM_PREFIX))
  const claims: FoundClaim[] = []
  for (const name of names) {
    const token = name.slice(CLAIM_PREFIX.length)
    if (token === self.token) continue
    const claimPath = join(path, name)
    claims.push({ claimPath, token, words: await livingProcess(claimPath, self, timing) })
  }
  return claims
}

/**
 * The process that wrote the file, in words, while it runs; undefined once it is gone, or the file is. Of a process that
 * cannot be seen from here, or a file that cannot be read, only the heartbeat tells.
 */
async function livingProcess(path: string, self: ProcessIdentity, timing: LockTiming): Promise<string | undefined> {
  const endMs = performance.now() + timing.silenceMs
  const before = await unlessAbsent(stat(path))
  for (;;) {
    const lastLook = performance.now() >= endMs
    const text = await unlessAbsent(readFile(path, 'utf8'))
    const now = await unlessAbsent(stat(path))
    if (text === undefined || now === undefined) return undefined
    const other = parseIdentity(text)
    const state = other === undefined ? 'unseen' : await processState(other, self)
    if (state === 'gone') return undefined
    if (state === 'running') return `process ${other?.pid}`
    if (now.mtimeMs !== before?.mtimeMs) return `process ${other?.pid ?? 'unknown'} of another machine or container`
    if (lastLook) return undefined
    await sleep(POLL_MS)
  }
}

function keepLock(ownerPath: string, self: ProcessIdentity, timing: LockTiming): DirectoryLock {
  const touch = () => void utimes(ownerPath, new Date(), new Date()).catch(() => undefined)
  const heartbeat = setInterval(touch, timing.heartbeatMs).unref()
  return {
    release: async () => {
      clearInterval(heartbeat)
      const text = await unlessAbsent(readFile(ownerPath, 'utf8'))
      if (text !== undefined && parseIdentity(text)?.token === self.token) await removeFile(ownerPath)
    },
  }
}

function lockedBy(path: string, words: string): WalrusError {
  return new WalrusError('DIRECTORY_LOCKED', `Cannot open "${path}": directory is locked by ${words}`)
}

async function removeFile(path: string): Promise<void> {
  await unlessAbsent(unlink(path))
}

async function unlessAbsent<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return undefined
    throw thrown
  }
}
