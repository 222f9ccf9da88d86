import { reasonOf, WalrusError } from '@walrus/core'
import type { Logger } from 'pino'
import { openBroker, type Broker } from './broker.js'
import type { Config } from './config.js'
import { openLogger } from './logger.js'
import { readyLine } from './ready-line.js'

export const EXIT_OK = 0
export const EXIT_FAILED = 1
export const EXIT_USAGE = 2
/** The cluster does not take the node: to start it again is of no use. */
export const EXIT_REFUSED = 3

/** The life of the process: opens the node, says that it is ready, and closes it at the first signal. Resolves with the exit code. */
export async function runBroker(config: Config): Promise<number> {
  try {
    const logger = openLogger(config)
    exitOnUncaughtError(logger)
    const signal = firstSignal()
    const broker = await openUnlessStopped(config, logger, signal)
    if (broker === undefined) return EXIT_OK
    process.stdout.write(`${readyLine(config, broker)}\n`)
    const end = await Promise.race([signal, broker.failed])
    if (typeof end === 'string') return await stop(broker, end, logger)
    // That an operator has removed the node is no defect that a stack would explain.
    if (isRefusal(end)) logger.error({ reason: end.message }, 'The cluster does not have this node any more')
    else logger.fatal({ err: end }, 'The node cannot go on')
    await stop(broker, end.message, logger)
    throw end
  } catch (thrown) {
    process.stderr.write(`walrus-broker: ${reasonOf(thrown)}\n`)
    return isRefusal(thrown) ? EXIT_REFUSED : EXIT_FAILED
  }
}

function isRefusal(thrown: unknown): boolean {
  return thrown instanceof WalrusError && thrown.code === 'NODE_REFUSED'
}

/** A node may wait long for its cluster: a signal ends that, too. */
async function openUnlessStopped(config: Config, logger: Logger, signal: Promise<string>): Promise<Broker | undefined> {
  const stopped = new AbortController()
  void signal.then(() => stopped.abort())
  try {
    return await openLogged(config, logger, stopped.signal)
  } catch (thrown) {
    if (!stopped.signal.aborted) throw thrown
    logger.info('Stopped before it was ready')
    return undefined
  }
}

/** A failure to open is one line on standard error; a log that goes elsewhere has it too. */
async function openLogged(config: Config, logger: Logger, stopSignal: AbortSignal): Promise<Broker> {
  try {
    return await openBroker(config, logger, stopSignal)
  } catch (thrown) {
    const isTold = stopSignal.aborted || (config.logFile === undefined && thrown instanceof WalrusError)
    if (!isTold) logger.fatal({ err: thrown }, 'Cannot start')
    throw thrown
  }
}

async function stop(broker: Broker, reason: string, logger: Logger): Promise<number> {
  logger.info({ reason }, 'Stopping')
  try {
    await broker.close()
    logger.info('Stopped')
    return EXIT_OK
  } catch (thrown) {
    logger.fatal({ err: thrown }, 'Stopped with an error')
    return EXIT_FAILED
  }
}

/** Resolves at the first SIGINT or SIGTERM; the second one ends the process at once. */
function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    let count = 0
    const receive = (signal: NodeJS.Signals) => {
      count += 1
      if (count > 1) process.exit(EXIT_FAILED)
      resolve(signal)
    }
    process.on('SIGINT', receive).on('SIGTERM', receive)
  })
}

function exitOnUncaughtError(logger: Logger): void {
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'Uncaught error')
    process.exit(EXIT_FAILED)
  })
}
