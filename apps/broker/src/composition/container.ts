import { Container } from 'inversify'
import { systemClock } from '@walrus/adapters-fs'
import type { Logger } from 'pino'
import type { Config } from '../config.js'
import { directoriesOf } from '../directories.js'
import { Failure } from '../failure.js'
import { Lifetime } from '../lifetime.js'
import { cluster } from './cluster.js'
import { membership } from './membership.js'
import { metadata } from './metadata.js'
import { network } from './network.js'
import { peers } from './peers.js'
import { Port } from './port.js'
import { storage } from './storage.js'
import { tracing } from './tracing.js'

/** Introduces everyone: the one place that knows every module, and so every concrete adapter. Nothing is opened yet. */
export function composeNode(config: Config, logger: Logger, stopSignal: AbortSignal): Container {
  const container = new Container()
  container.bind(Port.config).toConstantValue(config)
  container.bind(Port.logger).toConstantValue(logger)
  container.bind(Port.lifetime).toConstantValue(new Lifetime())
  container.bind(Port.failure).toConstantValue(new Failure())
  container.bind(Port.stopSignal).toConstantValue(stopSignal)
  container.bind(Port.clock).toConstantValue(systemClock())
  container.bind(Port.directories).toConstantValue(directoriesOf(config))
  container.load(storage, tracing, peers, metadata, membership, cluster, network)
  return container
}
