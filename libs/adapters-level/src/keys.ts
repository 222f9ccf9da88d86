/** The key of the newest snapshot. Sorts after every command. */
export const SNAPSHOT_KEY = 'snapshot'

const COMMAND_PREFIX = 'command/'

/** Digits of the largest safe integer: keys of one width sort as their numbers do. */
const INDEX_DIGITS = 16

/** The key of the command at a log index. */
export function commandKey(index: number): string {
  return COMMAND_PREFIX + String(index).padStart(INDEX_DIGITS, '0')
}
