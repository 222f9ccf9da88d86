/** Where the broker listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** The addresses of a list with commas, at least one, or why the text is none. */
export function parseAddresses(text: string): readonly Address[] | string {
  const addresses: Address[] = []
  for (const part of text.split(',')) {
    const address = parseAddress(part)
    if (typeof address === 'string') return address
    addresses.push(address)
  }
  return addresses
}

/** The address as `parseAddress` reads it. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
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
