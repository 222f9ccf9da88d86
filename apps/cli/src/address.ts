/** Where the broker listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** The address in words, or why the text is none. IPv6 hosts stand in brackets: `[::1]:8080`. */
export function parseAddress(text: string): Address | string {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  if (match === null || host === undefined) return 'expected HOST:PORT'
  const port = Number(match[3])
  if (port < 1 || port > 65_535) return 'expected a port from 1 to 65535'
  return { host, port }
}
