import { hostname } from 'node:os'
import { STORAGE_CHOICES } from '@walrus/embedded'
import type { FsyncSchedule } from '@walrus/wal'
import {
  addresses,
  choice,
  integer,
  optionalText,
  presence,
  text,
  unavailable,
  type Setting,
  type ValueOf,
} from './setting.js'

/** Every setting of the broker. A setting exists when it is in this table; help, documentation and types follow from it. */
export const settings = {
  nodeId: integer({
    flags: '--node-id <id>',
    about: 'Id of this node',
    unit: 'number',
    min: 1,
    max: 2_147_483_647,
    fallback: 1,
  }),
  dataDir: text({
    flags: '--data-dir <directory>',
    about: 'Where everything is stored, in a folder of its own per node',
    accepts: 'a directory, created if absent',
    fallback: './data',
  }),
  clientHost: text({
    flags: '--client-host <host>',
    about: 'Where clients are listened for',
    accepts: 'a host name or IP address',
    fallback: '127.0.0.1',
  }),
  clientPort: integer({
    flags: '--port, --client-port <port>',
    about: 'Where clients are listened for; 0 takes any free port',
    unit: 'TCP port',
    min: 0,
    max: 65_535,
    fallback: 8080,
  }),
  clientAdvertiseHost: optionalText({
    flags: '--client-advertise-host <host>',
    about:
      'How clients reach this node, as other nodes tell them; without it the value of --client-host, or the name of this machine where that is all of its addresses',
    accepts: 'a host name or IP address',
  }),
  storage: choice({
    flags: '--storage <backend>',
    about: 'How the log is stored; memory keeps nothing across a restart',
    words: STORAGE_CHOICES,
    fallback: 'auto',
  }),
  fsync: fsync(),
  blockFileBytes: integer({
    flags: '--block-file-bytes <bytes>',
    about: 'Size of the files that the log is stored in, not all of it used on the disk before it is written',
    unit: 'bytes',
    min: 8_388_608,
    max: 68_719_476_736,
    fallback: 268_435_456,
  }),
  diskQuotaBytes: integer({
    flags: '--disk-quota-bytes <bytes>',
    about:
      'Size of the directory of the log, whatever else lies in it, beyond which it gets no new file and the disk counts as full; 0 for no bound but that of the disk',
    unit: 'bytes',
    min: 0,
    max: 999_999_999_999_999,
    fallback: 0,
  }),
  maxFrameBytes: integer({
    flags: '--max-frame-bytes <bytes>',
    about: 'Largest request that a client may send; the same on all nodes, which have to pass it on',
    unit: 'bytes',
    min: 1024,
    max: 1_073_741_824,
    fallback: 16_777_216,
  }),
  maxConnections: integer({
    flags: '--max-connections <count>',
    about: 'Clients that may be connected at once',
    unit: 'connections',
    min: 1,
    max: 1_000_000,
    fallback: 10_000,
  }),
  maxPendingBytes: integer({
    flags: '--max-pending-bytes <bytes>',
    about:
      'Requests without an answer, and answers that were not fetched, that one client may have before it is read no further',
    unit: 'bytes each',
    min: 1024,
    max: 1_073_741_824,
    fallback: 4_194_304,
  }),
  frameTimeoutMs: integer({
    flags: '--frame-timeout-ms <ms>',
    about: 'How long a client may take from the first byte of a request to its last, while it is read',
    unit: 'milliseconds',
    min: 100,
    max: 3_600_000,
    fallback: 30_000,
  }),
  maxHeldBytes: integer({
    flags: '--max-held-bytes <bytes>',
    about:
      'Requests that are not complete, and answers that were not fetched, that all clients together may have before those with most are cut off',
    unit: 'bytes',
    min: 1_048_576,
    max: 1_099_511_627_776,
    fallback: 1_073_741_824,
  }),
  requestTimeoutMs: integer({
    flags: '--request-timeout-ms <ms>',
    about: 'How long a request may wait for a rollover or for its turn before it is answered with an error',
    unit: 'milliseconds',
    min: 10,
    max: 600_000,
    fallback: 5000,
  }),
  drainTimeoutMs: integer({
    flags: '--drain-timeout-ms <ms>',
    about: 'How long a stop waits for clients to get their answers',
    unit: 'milliseconds',
    min: 0,
    max: 600_000,
    fallback: 5000,
  }),
  maxSegmentEntries: integer({
    flags: '--max-segment-entries <count>',
    variables: ['WALRUS_MAX_SEGMENT_ENTRIES'],
    about: 'Entries after which the open segment of a topic is sealed and the next one opened',
    unit: 'entries',
    min: 1,
    max: 4_294_967_295,
    fallback: 1_000_000,
  }),
  monitorCheckMs: integer({
    flags: '--monitor-check-ms <ms>',
    variables: ['WALRUS_MONITOR_CHECK_MS'],
    about: 'How often open segments are checked for a rollover that no append asked for',
    unit: 'milliseconds',
    min: 10,
    max: 3_600_000,
    fallback: 10_000,
  }),
  replicationFactor: integer({
    flags: '--replication-factor <count>',
    about: 'Nodes that keep a copy of each segment of a new topic, as far as there are so many',
    unit: 'copies',
    min: 1,
    max: 16,
    fallback: 3,
  }),
  ack: choice({
    flags: '--ack <copies>',
    about:
      'Copies of an entry of a new topic that are durable before it is acknowledged; with the one of the leader alone, what was acknowledged is lost with that node',
    words: ['quorum', 'all', 'leader'],
    fallback: 'quorum',
  }),
  heartbeatMs: integer({
    flags: '--heartbeat-ms <ms>',
    about: 'How often other nodes are asked for a sign of life',
    unit: 'milliseconds',
    min: 10,
    max: 10_000,
    fallback: 100,
  }),
  leaseMs: integer({
    flags: '--lease-ms <ms>',
    about: 'How long a node takes writes without a sign of life from a majority; longer than --heartbeat-ms',
    unit: 'milliseconds',
    min: 20,
    max: 60_000,
    fallback: 1000,
  }),
  silenceMs: integer({
    flags: '--silence-ms <ms>',
    about: 'How long a node is silent before others lead what it led; longer than --lease-ms, the same on all nodes',
    unit: 'milliseconds',
    min: 30,
    max: 120_000,
    fallback: 1500,
  }),
  replaceDeadAfterMs: integer({
    flags: '--replace-dead-after-ms <ms>',
    about:
      'How long a node is silent before sealed segments are copied to others in its place; longer than --silence-ms, the same on all nodes',
    unit: 'milliseconds',
    min: 100,
    max: 604_800_000,
    fallback: 600_000,
  }),
  metadataSnapshotBytes: integer({
    flags: '--metadata-snapshot-bytes <bytes>',
    about: 'Metadata commands after which a snapshot takes their place, unless the one before is larger still',
    unit: 'bytes',
    min: 4096,
    max: 268_435_456,
    fallback: 4_194_304,
  }),
  logLevel: choice({
    flags: '--log-level <level>',
    variables: ['WALRUS_LOG_LEVEL', 'RUST_LOG'],
    about: 'Least severe record that is logged',
    words: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    fallback: 'info',
  }),
  logFile: optionalText({
    flags: '--log-file <file>',
    about: 'Where the log is appended, as one JSON record per line; without it the log goes to standard error',
    accepts: 'a file, created if absent',
  }),
  trace: optionalText({
    flags: '--trace <file>',
    variables: ['WALRUS_TRACE'],
    about:
      'Where each step of the protocol is appended, as one JSON event per line, for npm run spec:trace; without it none is written',
    accepts: 'a file, created if absent',
  }),
  disableIoUring: presence({
    variables: ['WALRUS_DISABLE_IO_URING'],
    about: 'Forbids io_uring: asked for by name it is an error then, and auto never takes it',
  }),
  raftHost: text({
    flags: '--raft-host <host>',
    about:
      'Where other nodes are listened for; nobody has to prove who they are there, so it belongs on a network of their own',
    accepts: 'a host name or IP address',
    fallback: '127.0.0.1',
  }),
  raftPort: integer({
    flags: '--raft-port <port>',
    about: 'Port that other nodes are listened for on; 0 takes any free port',
    unit: 'TCP port',
    min: 0,
    max: 65_535,
    fallback: 6000,
  }),
  raftAdvertiseHost: optionalText({
    flags: '--raft-advertise-host <host>',
    about:
      'How other nodes reach this one; without it the value of --raft-host, or the name of this machine where that is all of its addresses',
    accepts: 'a host name or IP address',
  }),
  peerAddresses: addressesById({
    flags: '--peer-addresses <list>',
    about:
      'Where to dial some nodes, whatever address they announce: through tunnels, or a proxy that plays a bad network',
  }),
  join: addresses({
    flags: '--join <addresses>',
    about:
      'Members of the cluster that this node belongs to, any of them; a node that holds nothing joins it, without the flag it begins one of its own',
    accepts: 'host:port of their peer listeners, separated by commas, or the flag again',
  }),
  initialPeer: unavailable({
    flags: '--initial-peer <address>',
    about: 'Refused: a cluster begins with one node, and the others join it',
    accepts: 'host:port',
    reason: 'a cluster begins with one node; start the others with --join',
  }),
} satisfies Record<string, Setting<unknown>>

/** The broker's whole configuration, checked. */
export type Config = { readonly [Name in keyof typeof settings]: ValueOf<(typeof settings)[Name]> }

/** How other nodes reach this one, whose peers' listener is at `listening`. */
export function peerAddress({ raftAdvertiseHost, raftHost }: Config, listening: string): string {
  return reachableAddress(raftAdvertiseHost ?? raftHost, portOf(listening))
}

/** How clients reach this node, whose clients' listener is at `listening`; undefined while that is not known. */
export function clientAddress(config: Config, listening: string): string
export function clientAddress(config: Config, listening?: string): string | undefined
export function clientAddress(
  { clientAdvertiseHost, clientHost, clientPort }: Config,
  listening?: string,
): string | undefined {
  const port = listening === undefined ? clientPort : portOf(listening)
  return port === 0 ? undefined : reachableAddress(clientAdvertiseHost ?? clientHost, port)
}

/** Nobody else can dial "all addresses of this machine"; its name will do. */
function reachableAddress(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `${hostname()}:${port}`
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

/** Addresses by node id; none unless told. */
function addressesById(
  description: Pick<Setting<unknown>, 'about'> & { readonly flags: string },
): Setting<ReadonlyMap<number, string>> {
  const accepts = 'id=host:port, separated by commas'
  return {
    ...description,
    variables: [],
    accepts,
    read: (raw) => {
      const items = (raw?.split(',') ?? []).map((item) => /^([1-9]\d{0,9})=([^=,\s]+:\d{1,5})$/.exec(item))
      const pairs = items.map((match) => [Number(match?.[1]), match?.[2] ?? ''] as const)
      if (pairs.some(([id]) => Number.isNaN(id))) throw new Error(`expected ${accepts}`)
      return new Map(pairs)
    },
  }
}

function fsync(): Setting<FsyncSchedule> {
  const accepts = 'each, <n>ms with n from 1 to 60000, none'
  return {
    flags: '--fsync <schedule>',
    variables: [],
    about:
      'When an acknowledged entry is on stable storage: before its answer, at most n milliseconds after it, or whenever the system likes',
    accepts,
    fallback: 'each',
    read: (raw = 'each') => {
      if (raw === 'each' || raw === 'none') return { kind: raw }
      const milliseconds = /^\d{1,6}ms$/.test(raw) ? Number(raw.slice(0, -2)) : NaN
      if (!(milliseconds >= 1 && milliseconds <= 60_000)) throw new Error(`expected ${accepts}`)
      return { kind: 'interval', milliseconds }
    },
  }
}
