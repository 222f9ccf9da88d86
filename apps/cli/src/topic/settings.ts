import { parseTopicConfigChange, type TopicConfig } from '@walrus/core'
import type { Command } from 'commander'

/** How settings are given. */
export const SETTINGS_ARGUMENT = ['[settings...]', 'such as retentionMs=60000 or ack=all'] as const

export const SETTINGS_NOTES = `
Settings: segmentEntriesMax, segmentBytesMax, segmentAgeMsMax, retentionMs, retentionBytes (0 of the last three: no limit),
replicationFactor (1 to 16), ack (leader, quorum or all). Copies and ack hold from the next segment on.`

/** The settings that such words give; wrong ones are wrong usage. */
export function readSettings(command: Command, words: readonly string[]): Partial<TopicConfig> {
  const pairs = words.map((word) => pairOf(command, word))
  const parsed = parseTopicConfigChange(Object.fromEntries(pairs))
  return parsed.ok ? parsed.value : command.error(`error: wrong settings: ${parsed.fault}`)
}

function pairOf(command: Command, word: string): readonly [string, string | number] {
  const at = word.indexOf('=')
  if (at < 1) command.error(`error: expected SETTING=VALUE, not '${word}'`)
  const value = word.slice(at + 1)
  return [word.slice(0, at), /^\d+$/.test(value) ? Number(value) : value]
}
