import { join } from 'node:path'

/** Which instance: where its directory is, and which one of those there. */
export interface InstanceName {
  /** The directory; with it the environment is ignored. Default: `WALRUS_DATA_DIR`, or `wal_files`. */
  readonly path?: string
  /** A directory of its own below it, for each key. Default without a path: `WALRUS_INSTANCE_KEY`, or none. */
  readonly key?: string
}

/** The directory of an instance, by the original's rules. `environment` as in `process.env`. */
export function instanceFolder(name: InstanceName, environment: Readonly<Record<string, string | undefined>>): string {
  const base = name.path ?? environment['WALRUS_DATA_DIR'] ?? 'wal_files'
  const key = name.key ?? (name.path === undefined ? environment['WALRUS_INSTANCE_KEY'] : undefined)
  return key === undefined ? base : join(base, folderOfKey(key))
}

/**
 * A key as a folder's name: letters, digits, `-`, `_` and `.` stay, all else becomes `_`. Where nothing is left, and for `.`
 * and `..`, which would lead elsewhere, it is a hash of the key.
 */
export function folderOfKey(key: string): string {
  const folder = key.replace(/[^A-Za-z0-9_.-]/gu, '_')
  const meansNothing = folder.replaceAll('_', '') === '' || folder === '.' || folder === '..'
  return meansNothing ? `ns_${hash(key)}` : folder
}

/** FNV-1a, 64 bits, of the key's UTF-8. */
function hash(key: string): string {
  let value = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(key)) value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n)
  return value.toString(16).padStart(16, '0')
}
