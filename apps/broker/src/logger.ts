import { pino, type DestinationStream, type Logger } from 'pino'
import pretty from 'pino-pretty'
import { reasonOf, WalrusError } from '@walrus/core'
import type { Config } from './config.js'

const STANDARD_ERROR = 2

/**
 * The node's log: readable on a terminal, one JSON record per line everywhere else. Payloads never go into it.
 * Records are written at once, so the last ones before an exit are not lost.
 * @throws WalrusError `IO_FAILED` when the log file cannot be opened
 */
export function openLogger(config: Pick<Config, 'logFile' | 'logLevel' | 'nodeId'>): Logger {
  const options = { level: config.logLevel, base: { node: config.nodeId }, timestamp: pino.stdTimeFunctions.isoTime }
  return pino(options, destination(config.logFile))
}

function destination(file: string | undefined): DestinationStream {
  if (file !== undefined) return openFile(file)
  if (!process.stderr.isTTY) return pino.destination({ dest: STANDARD_ERROR, sync: true })
  return pretty({
    colorize: true,
    destination: STANDARD_ERROR,
    ignore: 'node',
    sync: true,
    translateTime: 'SYS:HH:MM:ss.l',
  })
}

function openFile(file: string): DestinationStream {
  try {
    return pino.destination({ append: true, dest: file, sync: true })
  } catch (thrown) {
    throw new WalrusError('IO_FAILED', `Cannot open log file "${file}": ${reasonOf(thrown)}`, thrown)
  }
}
