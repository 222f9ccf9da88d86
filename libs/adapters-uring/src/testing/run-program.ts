import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How a program ended. */
export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly code: number | string
  readonly output: string
  readonly errors: string
}

/** Runs one of the programs beside this file, by its name. */
export function runProgram(name: string, ...programArguments: readonly string[]): Promise<Ended> {
  return run(process.execPath, [fileOf(`./${name}.js`), ...programArguments])
}

/** Runs it on a system that answers whoever asks for a ring with that errno. */
export function runWithoutRing(errno: number, name: string): Promise<Ended> {
  return run(fileOf('../../build/without-ring'), [String(errno), process.execPath, fileOf(`./${name}.js`)])
}

function run(file: string, fileArguments: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, fileArguments, { timeout: 60_000 }, (error, output, errors) => {
      resolve({ code: error === null ? 0 : (error.signal ?? error.code ?? 'unknown'), output, errors })
    })
  })
}

function fileOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
