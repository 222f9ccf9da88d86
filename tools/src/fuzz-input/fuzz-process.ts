import { openSync, writeSync } from 'node:fs'
import { checkInput } from './check-input.js'
import { readCorpus } from './corpus.js'
import { fuzzInput } from './fuzz-input.js'
import { findTarget } from './targets.js'

/** What the process is told, as JSON in its argument. */
export interface FuzzTask {
  readonly target: string
  readonly seed: number
  /** Number of the first input. */
  readonly first: number
  /** Ends after so many inputs, or after so many seconds. */
  readonly inputsMax: number
  readonly secondsMax: number
  /** The number of the input that is tried next is written here before it is: it outlives the process. */
  readonly progressFile: string
}

/** What it says at its end, unless the input has ended it. */
export interface FuzzVerdict {
  /** The number behind that of the last input. */
  readonly next: number
  /** The promise that input `next` − 1 has broken. */
  readonly broken?: string
}

const task = JSON.parse(process.argv[2] ?? '') as FuzzTask
process.send?.(await run(task))
process.disconnect()

async function run({ target: name, seed, first, inputsMax, secondsMax, progressFile }: FuzzTask): Promise<FuzzVerdict> {
  const target = await findTarget(name).open()
  const corpus = (await readCorpus(name)).map(({ bytes }) => bytes)
  const tell = progressWriter(progressFile)
  const endMs = performance.now() + secondsMax * 1000
  let number = first
  try {
    while (number < first + inputsMax && performance.now() < endMs) {
      tell(number)
      const broken = await checkInput(target, fuzzInput(target, corpus, seed, number))
      number += 1
      if (broken !== undefined) return { next: number, broken }
    }
    return { next: number }
  } finally {
    await target.close()
  }
}

function progressWriter(file: string): (number: number) => void {
  const descriptor = openSync(file, 'w')
  const bytes = Buffer.alloc(8)
  return (number) => {
    bytes.writeDoubleLE(number)
    writeSync(descriptor, bytes, 0, bytes.length, 0)
  }
}
