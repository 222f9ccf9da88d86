import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@walrus/testing'
import type { FuzzTask, FuzzVerdict } from './fuzz-process.js'

/** An input that broke a promise, or ended the process that read it. */
export interface Finding {
  readonly number: number
  readonly broken: string
}

/** What came of the inputs of one target. */
export interface FuzzOutcome {
  /** Inputs that were tried. */
  readonly count: number
  readonly finding: Finding | undefined
}

/** Heap of the process that reads the inputs: what takes more ends it, and is found so. */
const HEAP_MEGABYTES_MAX = 512
/** No input takes so long, whatever else the machine does. */
const STALL_MS_MAX = 30_000
const POLL_MS = 250

/**
 * Runs the inputs in a process of its own, so that one which ends, fills or holds up the process is found like any other.
 * `onProgress` hears now and then which input is tried.
 */
export async function superviseFuzz(
  task: Omit<FuzzTask, 'progressFile'>,
  onProgress: (number: number) => void,
): Promise<FuzzOutcome> {
  const folder = await temporaryFolder()
  const progressFile = join(folder.path, 'progress')
  const script = fileURLToPath(new URL('fuzz-process.js', import.meta.url))
  const child = fork(script, [JSON.stringify({ ...task, progressFile })], {
    execArgv: [`--max-old-space-size=${HEAP_MEGABYTES_MAX}`, '--enable-source-maps'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let verdict: FuzzVerdict | undefined
  let complaint = ''
  child.on('message', (message) => (verdict = message as FuzzVerdict))
  child.stderr?.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-COMPLAINT_CHARACTERS)))
  const watch = new Watch(progressFile, onProgress, () => child.kill('SIGKILL'))
  try {
    await once(child, 'close')
    return outcomeOf(task, verdict, (await watch.read()) ?? task.first, watch.stalled ? STALLED : complaint)
  } finally {
    watch.stop()
    child.kill('SIGKILL')
    await folder.remove()
  }
}

const STALLED = `it did not come to an end within ${STALL_MS_MAX} ms`
const COMPLAINT_CHARACTERS = 2000

function outcomeOf(
  { first }: Pick<FuzzTask, 'first'>,
  verdict: FuzzVerdict | undefined,
  lastTried: number,
  complaint: string,
): FuzzOutcome {
  if (verdict === undefined) {
    const broken = `it ended the process: ${complaint.trim()}`
    return { count: lastTried + 1 - first, finding: { number: lastTried, broken } }
  }
  const { next, broken } = verdict
  return { count: next - first, finding: broken === undefined ? undefined : { number: next - 1, broken } }
}

/** Looks at the progress file, and complains once when it does not move. */
class Watch {
  stalled = false
  readonly #file: string
  readonly #timer: NodeJS.Timeout
  #last: number | undefined
  #movedMs = performance.now()

  constructor(file: string, onProgress: (number: number) => void, onStall: () => void) {
    this.#file = file
    this.#timer = setInterval(() => void this.#look(onProgress, onStall), POLL_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The number of the input that was begun last; undefined before the first. */
  async read(): Promise<number | undefined> {
    const bytes = await readFile(this.#file).catch(() => Buffer.alloc(0))
    return bytes.length === 8 ? bytes.readDoubleLE() : undefined
  }

  async #look(onProgress: (number: number) => void, onStall: () => void): Promise<void> {
    const number = await this.read()
    if (number !== undefined) onProgress(number)
    if (number !== this.#last) {
      this.#last = number
      this.#movedMs = performance.now()
    } else if (performance.now() - this.#movedMs > STALL_MS_MAX) {
      this.stalled = true
      onStall()
    }
  }
}
