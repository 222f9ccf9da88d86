import type { Readable } from 'node:stream'
import { ClientError } from '@walrus/client'
import pc from 'picocolors'
import { converse } from './converse.js'
import { meaningOf } from './line-meaning.js'
import { linesOf } from './lines.js'
import type { LineOutcome, ShellStreams } from './shell-streams.js'

/** The part of the client that the shell needs: one line in, the reply's bytes out. */
export interface LineSender {
  raw(line: Uint8Array): Promise<Uint8Array>
}

/**
 * Sends line after line and writes what the broker answers, `ERR …` included, until the input ends or says `exit`.
 * A person may go on after a failure; a script stops at a lost connection, because what follows may rest on what failed.
 * @returns the exit code: always 0 for a person, else 1 if any line was refused or failed
 */
export async function runShell(sender: LineSender, address: string, streams: ShellStreams): Promise<0 | 1> {
  const execute = (line: Buffer) => executeLine(line, sender, streams)
  return streams.terminal ? converse(execute, address, streams) : runScript(execute, streams.input)
}

async function runScript(execute: (line: Buffer) => Promise<LineOutcome>, input: Readable): Promise<0 | 1> {
  let exitCode: 0 | 1 = 0
  for await (const line of linesOf(input)) {
    const outcome = await execute(line)
    if (outcome === 'leave') break
    if (outcome !== 'answered') exitCode = 1
    if (outcome === 'failed') break
  }
  return exitCode
}

async function executeLine(line: Buffer, sender: LineSender, streams: ShellStreams): Promise<LineOutcome> {
  const meaning = meaningOf(line)
  if (meaning.kind === 'blank') return 'answered'
  if (meaning.kind === 'leave') return 'leave'
  try {
    return writeReply(Buffer.from(await sender.raw(meaning.request)), streams)
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    if (error.code === 'CLIENT_CLOSED') return 'leave'
    streams.errors.write(`Error: ${error.message}\n`)
    return 'failed'
  }
}

function writeReply(reply: Buffer, streams: ShellStreams): LineOutcome {
  const refused = reply.subarray(0, 4).toString('latin1') === 'ERR '
  const { red } = pc.createColors(streams.colors)
  streams.output.write(refused ? red(reply.toString()) : reply)
  streams.output.write('\n')
  return refused ? 'refused' : 'answered'
}
