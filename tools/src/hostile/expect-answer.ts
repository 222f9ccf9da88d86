/** Rejects unless the node has done what it must. */
export async function expectAnswer(holds: boolean, what = 'another answer was expected'): Promise<void> {
  if (!holds) throw new Error(what)
}
