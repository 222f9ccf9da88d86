import { readFile } from 'node:fs/promises'

/** Processor time that a process has used, in seconds; not a number where the system has no /proc. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  // The name of the program, which may have blanks, ends with the last bracket; user and system time are 12 and 13 behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND
}

/** Memory that a process holds, in MiB; not a number where the system has no /proc. */
export async function memoryMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '')
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024)
}

const CLOCK_TICKS_PER_SECOND = 100
