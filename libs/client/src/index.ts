export { WalrusClient } from './client.js'
export { ClientError, type ClientErrorCode } from './errors.js'
export type { WalrusClientOptions } from './options.js'
