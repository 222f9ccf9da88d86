/**
 * What has come when it is enough, or when nothing comes any more; in the order in which it came. What fails counts as not
 * come. Never rejects.
 */
export function firstEnough<Value>(
  promises: readonly Promise<Value>[],
  isEnough: (values: readonly Value[]) => boolean,
): Promise<readonly Value[]> {
  return new Promise((resolve) => {
    const values: Value[] = []
    const add = (value: Value): void => {
      values.push(value)
      if (isEnough(values)) resolve([...values])
    }
    const all = promises.map((promise) => promise.then(add, () => undefined))
    void Promise.all(all).then(() => resolve(values))
  })
}
