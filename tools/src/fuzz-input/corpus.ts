import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasCode } from '@walrus/adapters-fs'
import { seededRandom } from '@walrus/testing'
import type { FuzzTarget } from './fuzz-target.js'

/** One input that is kept: a good one to start from, or one that has found a fault. */
export interface CorpusInput {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Where the inputs of all targets are kept, each in a file of hexadecimal digits. */
export const CORPUS_FOLDER = fileURLToPath(new URL('../../corpus', import.meta.url))

/** What is kept for the target, by name; nothing for one that has no folder. */
export async function readCorpus(target: string): Promise<readonly CorpusInput[]> {
  const folder = join(CORPUS_FOLDER, target)
  const files = (await listed(folder)).filter((file) => file.endsWith(SUFFIX)).sort()
  return Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -SUFFIX.length),
      bytes: bytesOfHex(await readFile(join(folder, file), 'latin1')),
    })),
  )
}

/** Keeps an input under that name. */
export async function keepInput(target: string, name: string, bytes: Uint8Array): Promise<void> {
  const folder = join(CORPUS_FOLDER, target)
  await mkdir(folder, { recursive: true })
  const lines = hexOf(bytes).match(/.{1,120}/g) ?? []
  await writeFile(join(folder, `${name}${SUFFIX}`), `${lines.join('\n')}\n`)
}

/** Writes good inputs of the target: always the same ones, until its formats change. */
export async function writeExamples({ name, open }: FuzzTarget): Promise<void> {
  const target = await open()
  const random = seededRandom(1)
  for (let nth = 1; nth <= EXAMPLES; nth += 1) await keepInput(name, `example-${nth}`, target.example(random))
  await target.close()
}

/** Throws for what are no hexadecimal digits; white space does not count. */
export function bytesOfHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, '')
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error('these are no bytes in hexadecimal digits')
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

async function listed(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

const SUFFIX = '.hex'
const EXAMPLES = 4
