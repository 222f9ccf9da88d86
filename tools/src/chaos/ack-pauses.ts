/**
 * The longest time without an acknowledgement that touches the window, in milliseconds; what lies outside of it counts too, as
 * long as the pause began before its end. Without any acknowledgement before or behind, the pause begins or ends with the window.
 * @param acksMs ascending
 */
export function longestPauseMs(acksMs: readonly number[], beginMs: number, endMs: number): number {
  let index = firstAfter(acksMs, beginMs)
  let previousMs = acksMs[index - 1] ?? beginMs
  let longestMs = 0
  while (previousMs < endMs) {
    const nextMs = acksMs[index] ?? Math.max(endMs, previousMs)
    longestMs = Math.max(longestMs, nextMs - previousMs)
    if (index >= acksMs.length) break
    previousMs = nextMs
    index += 1
  }
  return longestMs
}

function firstAfter(ascending: readonly number[], bound: number): number {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] ?? 0) <= bound) low = middle + 1
    else high = middle
  }
  return low
}
