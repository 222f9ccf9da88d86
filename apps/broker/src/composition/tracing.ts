import { ContainerModule } from 'inversify'
import { openEventTraceFile } from '@walrus/adapters-fs'
import type { EventTrace } from '@walrus/core'
import type { Config } from '../config.js'
import type { Lifetime } from '../lifetime.js'
import { Port } from './port.js'

/** Who hears each step of the protocol: a file, or nobody. */
export const tracing = new ContainerModule(({ bind }) => {
  bind(Port.eventTrace).toResolvedValue(openTrace, [Port.config, Port.lifetime]).inSingletonScope()
})

function openTrace({ trace: path, nodeId }: Config, lifetime: Lifetime): EventTrace | undefined {
  if (path === undefined) return undefined
  return lifetime.owns(openEventTraceFile(path, nodeId), (one) => one.close())
}
