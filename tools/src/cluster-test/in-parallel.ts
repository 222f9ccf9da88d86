/** Does the work for each item, so many at once, in the order of the items. Rejects with the first failure. */
export async function inParallel<Item>(
  atOnce: number,
  items: readonly Item[],
  work: (item: Item, at: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next
      next += 1
      await work(items[at] as Item, at)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}
