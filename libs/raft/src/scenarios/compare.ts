/** Log lines of the scenario files that state a decision. All other log lines are prose and are not compared. */
const decisions: readonly RegExp[] = [
  /^\w+ became (follower|pre-candidate|candidate|leader) at term \d+$/,
  /^\w+ \[logterm: \d+, index: \d+, vote: \w+\] (cast|rejected|ignored) (MsgVote|MsgPreVote) (for|from) /,
  /^\w+ stepped down to follower since quorum is not active$/,
  /^\w+ switched to configuration /,
  /^\w+ ignoring conf change /,
  /^initiating automatic transition out of joint configuration /,
  /^\w+ is unpromotable and can not campaign$/,
  /^\w+ cannot campaign at term \d+ since there are still pending configuration changes to apply$/,
  /^\w+ no leader at term \d+; dropping proposal$/,
  /^\w+ not forwarding to leader \w+ at term \d+; dropping proposal$/,
  /^\w+ \[term \d+\] starts to transfer leadership to \w+$/,
  /^\w+ forgetting leader \w+ at term \d+$/,
  /^\w+ \[commit: \d+(, lastindex: \d+, lastterm: \d+)?\] (restored|ignored) snapshot /,
  /^\w+ \[term: \d+\] ignored entry appends from a MsgStorageAppendResp message with lower term /,
  /^entry at index \d+ missing from unstable log; ignoring$/,
  /^entry at \(index,term\)=/,
  /^\w+ ignored conf change at index \d+/,
  /^\w+ hands over to \w+ before it leaves$/,
]

const logLine = /^\s*(DEBUG|INFO|WARN|ERROR|FATAL) (.*)$/

/** The lines of an output that mean something: everything but log prose and a lone `ok`. */
export function meaningfulLines(output: string): readonly string[] {
  const lines = output.split('\n').map((line) => line.trimEnd())
  const kept = lines.filter((line) => {
    if (line === '') return false
    const text = logLine.exec(line)?.[2]
    return text === undefined || decisions.some((decision) => decision.test(text))
  })
  return kept.length === 1 && kept[0] === 'ok' ? [] : kept
}

export function sameMeaning(expected: string, actual: string): boolean {
  const left = meaningfulLines(expected)
  const right = meaningfulLines(actual)
  return left.length === right.length && left.every((line, at) => line === right[at])
}
