import type { Socket } from 'node:net'

/** How long a connection that was ended by the node may go on sending before it is cut. */
const LINGER_MS = 1000

/**
 * Ends a socket whose input is flowing, and destroys it once the client has ended too, or some time after the last byte was
 * handed to the system: closing over input that nobody read would reset the connection, and the client lose its answers.
 */
export function lingerAfterEnd(socket: Socket): void {
  socket.end(() => {
    const linger = setTimeout(() => socket.destroy(), LINGER_MS).unref()
    socket.once('close', () => clearTimeout(linger))
  })
}
