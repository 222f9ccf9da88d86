/** The object, with some of its members replaced. What is not replaced goes to the object itself. */
export function withChanges<Target extends object>(target: Target, changes: Partial<Target>): Target {
  return new Proxy(target, {
    get: (_, key) => {
      if (key in changes) return Reflect.get(changes, key) as unknown
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
