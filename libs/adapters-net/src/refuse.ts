import type { Socket } from 'node:net'
import { errorFrame } from '@walrus/protocol'
import { lingerAfterEnd } from './linger.js'

/** Tells a client that it is one too many, and closes. */
export function refuse(socket: Socket, maxConnections: number): void {
  socket.resume()
  socket.write(errorFrame(`too many connections: ${maxConnections} are open`))
  lingerAfterEnd(socket)
}
