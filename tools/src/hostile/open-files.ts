import { readFileSync } from 'node:fs'

/** How many files a process like this one may have open; a cautious guess where the system does not tell. */
export function openFilesMax(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? GUESS)
  } catch {
    return GUESS
  }
}

const GUESS = 1024
