import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../bin/walrus-cli.js', import.meta.url))

/** How a run of the program ended, and what it printed. */
export interface Outcome {
  readonly exitCode: number | null
  readonly output: Buffer
  readonly errors: string
}

/** Runs the program as a process of its own, with `input` as all of its standard input. */
export async function walrusCli(args: readonly string[], input: string | Uint8Array = ''): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: { ...process.env, FORCE_COLOR: '1' } })
  const output: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { exitCode, output: Buffer.concat(output), errors: Buffer.concat(errors).toString() }
}
