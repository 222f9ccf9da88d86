import { readFile } from 'node:fs/promises'

/** What processes have used so far. */
export interface Usage {
  /** Of processor time, in user and in kernel mode. */
  readonly cpuMicroseconds: number
  /** Handed to the disk. */
  readonly writtenBytes: number
}

/** The sum over some processes, as the kernel counts it; undefined where it does not tell. */
export async function usageOf(pids: readonly number[]): Promise<Usage | undefined> {
  try {
    const all = await Promise.all(pids.map(usageOfOne))
    return {
      cpuMicroseconds: all.reduce((sum, one) => sum + one.cpuMicroseconds, 0),
      writtenBytes: all.reduce((sum, one) => sum + one.writtenBytes, 0),
    }
  } catch {
    return undefined
  }
}

/** Memory that a process holds now; undefined where the kernel does not tell. */
export async function residentBytesOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  return kibibytes === undefined ? undefined : 1024 * Number(kibibytes)
}

async function usageOfOne(pid: number): Promise<Usage> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name, in parentheses, may hold spaces: fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[USER_TICKS]) + Number(fields[KERNEL_TICKS])
  const io = await readFile(`/proc/${pid}/io`, 'utf8')
  const writtenBytes = Number(/^write_bytes: (\d+)$/m.exec(io)?.[1])
  return { cpuMicroseconds: ticks * MICROSECONDS_PER_TICK, writtenBytes }
}

const USER_TICKS = 11
const KERNEL_TICKS = 12
/** The kernel tells hundredths of a second, whatever its clock. */
const MICROSECONDS_PER_TICK = 10_000
