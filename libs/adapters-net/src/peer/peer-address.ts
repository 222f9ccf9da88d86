/** A place to dial. */
export interface PeerAddress {
  readonly host: string
  readonly port: number
}

/** Reads `host:port`, with an IPv6 host in brackets; undefined when the text is something else. */
export function parsePeerAddress(text: string): PeerAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}
