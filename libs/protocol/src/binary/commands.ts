import { admin } from './admin.js'
import { append } from './append.js'
import { fetch } from './fetch.js'
import { moveCursor } from './move-cursor.js'
import { next } from './next.js'
import { ping } from './ping.js'

/** The binary dialect, whole. A command exists when it is in this table. */
export const binaryCommands = { ping, append, fetch, next, moveCursor, admin } as const

/** Name of a command: its key in `binaryCommands`, and what its request says in `command`. */
export type BinaryCommandName = keyof typeof binaryCommands

/** What the command is asked. */
export type BinaryRequestOf<N extends BinaryCommandName> = Parameters<(typeof binaryCommands)[N]['writeRequest']>[0]

/** What the command answers when it was carried out. */
export type BinaryReplyOf<N extends BinaryCommandName> = ReturnType<(typeof binaryCommands)[N]['readReply']>

/** Any request of the binary dialect. */
export type BinaryRequest = BinaryRequestOf<BinaryCommandName>

/** The command with that first byte. */
export function commandByCode(code: number): BinaryCommandName | undefined {
  return namesByCode.get(code)
}

const namesByCode: ReadonlyMap<number, BinaryCommandName> = new Map(
  (Object.keys(binaryCommands) as BinaryCommandName[]).map((name) => [binaryCommands[name].code, name]),
)
