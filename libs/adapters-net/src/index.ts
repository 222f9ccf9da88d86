export { openClientListener, type ClientListener, type ClientListenerOptions } from './client-listener.js'
export type { ClientListenerEvent } from './client-listener-event.js'
export type { ClientLimits } from './client-limits.js'
