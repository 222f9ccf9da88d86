import { randomUUID } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hasCode } from './system-error.js'

/** Which process, of all that ever ran. What the system does not tell is null. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in ticks since boot: tells it from a later process of the same id. */
  readonly startTicks: number | null
  readonly bootId: string | null
  /** Process ids mean something only to processes of the same namespace (container). */
  readonly pidNamespace: string | null
  /** Different for every attempt to own a directory, also in one process. */
  readonly token: string
}

/** A new identity of this process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const { startTicks } = await processStatus(process.pid)
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null)
  const pidNamespace = await readlink('/proc/self/ns/pid').catch(() => null)
  return { pid: process.pid, startTicks, bootId: bootId?.trim() ?? null, pidNamespace, token: randomUUID() }
}

/** `unseen`: it ran on another machine, in another container or before the last boot, where its id says nothing to `self`. */
export async function processState(
  other: ProcessIdentity,
  self: ProcessIdentity,
): Promise<'running' | 'gone' | 'unseen'> {
  if (other.bootId !== self.bootId || other.pidNamespace !== self.pidNamespace) return 'unseen'
  if (!idIsTaken(other.pid)) return 'gone'
  const { startTicks, zombie } = await processStatus(other.pid)
  if (zombie) return 'gone'
  return startTicks === null || startTicks === other.startTicks ? 'running' : 'gone'
}

/** Undefined where the text is not an identity: it was being written when the machine stopped. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isIdentity(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false
  const { pid, startTicks, bootId, pidNamespace, token } = value as Record<string, unknown>
  const stringOrNull = (one: unknown) => one === null || typeof one === 'string'
  if (!Number.isSafeInteger(pid) || (pid as number) < 1 || typeof token !== 'string') return false
  return (startTicks === null || Number.isSafeInteger(startTicks)) && stringOrNull(bootId) && stringOrNull(pidNamespace)
}

function idIsTaken(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return !hasCode(thrown, 'ESRCH')
  }
}

/** From /proc/<pid>/stat: the state is the first field behind the name in brackets, the start the twentieth. */
async function processStatus(pid: number): Promise<{ readonly startTicks: number | null; readonly zombie: boolean }> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return { startTicks: null, zombie: false }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const startTicks = Number(fields[19])
  return { startTicks: Number.isSafeInteger(startTicks) ? startTicks : null, zombie: /^[ZX]/.test(fields[0] ?? '') }
}
