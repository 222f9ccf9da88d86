import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Sees to it that brokers do not outlive this process, however it ends. */
export interface Guardian {
  /** A process has begun, or has ended. */
  hear(pid: number, running: boolean): void
  /** Ends what still runs, and the guardian itself. */
  dismiss(): void
}

/**
 * A process of its own that is told of every broker, and kills those that run when it hears nothing more: when this process has
 * ended, by whatever signal.
 */
export function postGuardian(): Guardian {
  const child = spawn(process.execPath, [PROCESS], { stdio: ['pipe', 'ignore', 'inherit'], detached: true })
  child.unref()
  return {
    hear: (pid, running) => void child.stdin.write(`${running ? '+' : '-'}${pid}\n`),
    dismiss: () => void child.stdin.end(),
  }
}

const PROCESS = fileURLToPath(new URL('guardian-process.js', import.meta.url))
