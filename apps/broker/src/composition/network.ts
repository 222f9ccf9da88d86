import { ContainerModule } from 'inversify'
import { openClientListener, type ClientListener, type ClientListenerEvent } from '@walrus/adapters-net'
import type { ClientService } from '@walrus/cluster'
import type { Logger } from 'pino'
import type { Config } from '../config.js'
import type { Lifetime } from '../lifetime.js'
import { Port } from './port.js'

/** The port that clients connect to. */
export const network = new ContainerModule(({ bind }) => {
  bind(Port.clientListener)
    .toResolvedValue(listen, [Port.clientService, Port.config, Port.logger, Port.lifetime])
    .inSingletonScope()
})

async function listen(
  service: ClientService,
  config: Config,
  logger: Logger,
  lifetime: Lifetime,
): Promise<ClientListener> {
  const { clientHost: host, clientPort: port, drainTimeoutMs, ...limits } = config
  const onEvent = (event: ClientListenerEvent) => logEvent(logger, event)
  const listener = await openClientListener({ host, port, service, limits, onEvent })
  return lifetime.owns(listener, (one) => one.close(drainTimeoutMs))
}

function logEvent(logger: Logger, event: ClientListenerEvent): void {
  switch (event.kind) {
    case 'connection-opened':
      return logger.debug({ remote: event.remote }, 'Client connected')
    case 'connection-closed':
      return logger.debug({ remote: event.remote }, 'Client disconnected')
    case 'connection-failed':
      return logger.debug({ remote: event.remote, reason: event.error.message }, 'Client connection failed')
    case 'connection-refused':
      return logger.warn({ remote: event.remote }, 'Client refused: too many connections')
    case 'frame-refused':
      return logger.warn({ remote: event.remote, fault: event.fault }, 'Client refused: invalid or incomplete frame')
    case 'connection-cut':
      return logger.warn(
        { remote: event.remote, heldBytes: event.heldBytes },
        'Client cut off: too much memory is held',
      )
    case 'accept-failed':
      return logger.error({ reason: event.error.message }, 'Cannot accept a client')
  }
}
