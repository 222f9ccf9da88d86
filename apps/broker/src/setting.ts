import { WalrusError } from '@walrus/core'

/** One thing that an operator may choose: where it is read from, what it may be, and what it is when nobody says. */
export interface Setting<Value> {
  /** As commander writes them, the canonical long flag last: `--port, --client-port <port>`. Absent: a variable only. */
  readonly flags?: string
  /** Environment variables, the first one that is set wins; a flag wins over all of them. */
  readonly variables: readonly string[]
  /** What the value is for, in a few words. */
  readonly about: string
  /** The values that are accepted, with their unit and bounds, in words. */
  readonly accepts: string
  /** What `read` makes of this is the default; absent: off, or as `about` says. */
  readonly fallback?: string
  /** The flag may be given again; the values are read as one, with commas between them. */
  readonly isRepeatable?: boolean
  /** @throws a reason in words */
  read(raw: string | undefined): Value
}

export type ValueOf<S> = S extends Setting<infer Value> ? Value : never

/** What every kind of setting is described with. */
interface Description {
  readonly flags?: string
  readonly variables?: readonly string[]
  readonly about: string
}

/** A whole number between two bounds, both included. */
export function integer(
  description: Description & {
    readonly unit: string
    readonly min: number
    readonly max: number
    readonly fallback: number
  },
): Setting<number> {
  const { unit, min, max, fallback } = description
  const accepts = `${unit}, ${min} to ${max}`
  return {
    ...description,
    variables: description.variables ?? [],
    accepts,
    fallback: String(fallback),
    read: (raw = String(fallback)) => {
      const value = /^\d{1,15}$/.test(raw) ? Number(raw) : NaN
      if (!(value >= min && value <= max)) throw new Error(`expected a whole number (${accepts})`)
      return value
    },
  }
}

/** One of a few words. */
export function choice<const Word extends string>(
  description: Description & {
    readonly words: readonly Word[]
    readonly fallback: NoInfer<Word>
  },
): Setting<Word> {
  const { words, fallback } = description
  return {
    ...description,
    variables: description.variables ?? [],
    accepts: words.join(', '),
    read: (raw = fallback) => {
      const word = words.find((one) => one === raw)
      if (word === undefined) throw new Error(`expected one of ${words.join(', ')}`)
      return word
    },
  }
}

/** Any text of at least one character. */
export function text(
  description: Description & { readonly accepts: string; readonly fallback: string },
): Setting<string> {
  return {
    ...description,
    variables: description.variables ?? [],
    read: (raw = description.fallback) => present(raw, description.accepts),
  }
}

/** Any text of at least one character, or nothing. */
export function optionalText(description: Description & { readonly accepts: string }): Setting<string | undefined> {
  return {
    ...description,
    variables: description.variables ?? [],
    read: (raw) => (raw === undefined ? undefined : present(raw, description.accepts)),
  }
}

/** Any number of host:port, separated by commas. */
export function addresses(description: Description & { readonly accepts: string }): Setting<readonly string[]> {
  return {
    ...description,
    variables: description.variables ?? [],
    isRepeatable: true,
    read: (raw) => {
      if (raw === undefined) return []
      const found = raw.split(',').map((address) => address.trim())
      if (!found.every((address) => isAddress(address))) throw new Error(`expected ${description.accepts}`)
      return found
    },
  }
}

function isAddress(address: string): boolean {
  const port = Number(/^(?:\[[^\]\s]+\]|[^:[\]\s]+):(\d{1,5})$/.exec(address)?.[1] ?? 0)
  return port >= 1 && port <= 65_535
}

/** On as soon as it is set, to whatever value. */
export function presence(description: Description): Setting<boolean> {
  return {
    ...description,
    variables: description.variables ?? [],
    accepts: 'any value',
    read: (raw) => raw !== undefined,
  }
}

/** A setting that is part of the surface and that this version cannot honour. */
export function unavailable(
  description: Description & { readonly accepts: string; readonly reason: string },
): Setting<undefined> {
  return {
    ...description,
    variables: description.variables ?? [],
    read: (raw) => {
      if (raw !== undefined) throw new Error(description.reason)
      return undefined
    },
  }
}

/**
 * The setting's value out of what the operator gave.
 * @throws WalrusError `INVALID_ARGUMENT` with one line that names the flag or variable, the value and the reason
 */
export function readSetting<Value>(
  setting: Setting<Value>,
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Value {
  const variable = given === undefined ? setting.variables.find((name) => environment[name] !== undefined) : undefined
  const raw = variable === undefined ? given : environment[variable]
  try {
    return setting.read(raw)
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw new WalrusError(
      'INVALID_ARGUMENT',
      `Cannot use ${variable ?? canonicalFlag(setting)} "${raw ?? ''}": ${reason}`,
    )
  }
}

/** The long flag that the setting is known by: `--client-port`. */
export function canonicalFlag(setting: Pick<Setting<unknown>, 'flags'>): string {
  return setting.flags?.replace(/ <.*$/, '').split(', ').at(-1) ?? ''
}

function present(raw: string, accepts: string): string {
  if (raw.trim() === '') throw new Error(`expected ${accepts}`)
  return raw
}
