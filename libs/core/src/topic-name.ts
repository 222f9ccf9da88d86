/** Longest topic name; a valid name has one byte per character. */
export const TOPIC_NAME_BYTES_MAX = 200

/**
 * Why `name` cannot name a topic, in words that follow the quoted name and a colon; undefined when it can.
 * A name is 1 to 200 bytes of `A-Z a-z 0-9 . _ -`, and neither `.` nor `..`: safe in a file name, a log line and a command.
 */
export function topicNameFault(name: string): string | undefined {
  if (name.length === 0) return 'the name is empty'
  if (name.length > TOPIC_NAME_BYTES_MAX) return `the name is longer than ${TOPIC_NAME_BYTES_MAX} bytes`
  if (!ALLOWED.test(name)) return 'only A-Z a-z 0-9 . _ - are allowed'
  if (name === '.' || name === '..') return 'the name is reserved'
  return undefined
}

const ALLOWED = /^[A-Za-z0-9._-]+$/
