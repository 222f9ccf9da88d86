/** A value that was checked and rebuilt from its known fields, or what is wrong with it in words. */
export type Parsed<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly fault: string }

/** Checks a value of unknown origin; never throws on plain data. What it returns shares nothing with the input. */
export type Parser<Value> = (input: unknown) => Parsed<Value>

/** An object with these fields, in this order. Other fields are dropped; so is an `optional` one that is absent. */
export function record<Value extends object>(fields: {
  readonly [Name in keyof Value]-?: FieldParser<Value, Name>
}): Parser<Value> {
  const names = Object.keys(fields) as (keyof Value & string)[]
  return (input) => {
    if (!isObject(input)) return failed('must be an object', input)
    const value: Partial<Value> = {}
    for (const name of names) {
      const parsed = fields[name](input[name])
      if (!parsed.ok) return { ok: false, fault: `${name} ${parsed.fault}` }
      if (parsed.value !== undefined) value[name] = parsed.value
    }
    return { ok: true, value: value as Value }
  }
}

/** A field that may be absent, and only in a record where it may. */
type FieldParser<Value, Name extends keyof Value> =
  object extends Pick<Value, Name> ? Parser<Value[Name] | undefined> : Parser<Value[Name]>

/** A value, or nothing at all. */
export function optional<Value>(parser: Parser<Value>): Parser<Value | undefined> {
  return (input) => (input === undefined ? { ok: true, value: undefined } : parser(input))
}

/** A list of at most `countMax` such items. */
export function list<Item>(item: Parser<Item>, countMax: number): Parser<readonly Item[]> {
  return (input) => {
    if (!Array.isArray(input) || input.length > countMax) return failed(`must be a list of at most ${countMax}`, input)
    const items: Item[] = []
    for (const one of input) {
      const parsed = item(one)
      if (!parsed.ok) return { ok: false, fault: `has an item that ${parsed.fault}` }
      items.push(parsed.value)
    }
    return { ok: true, value: items }
  }
}

/** An integer that a number holds exactly, within bounds that include both ends. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Parser<number> {
  return (input) => {
    const fits = typeof input === 'number' && Number.isSafeInteger(input) && input >= min && input <= max
    return fits ? { ok: true, value: input } : failed(`must be an integer from ${min} to ${max}`, input)
  }
}

/** A text in which `faultOf` finds no fault. */
export function text(faultOf: (value: string) => string | undefined): Parser<string> {
  return (input) => {
    if (typeof input !== 'string') return failed('must be a text', input)
    const fault = faultOf(input)
    return fault === undefined ? { ok: true, value: input } : failed(`is not valid (${fault})`, input)
  }
}

/** One of the given values. */
export function oneOf<Value extends string | boolean>(...values: readonly Value[]): Parser<Value> {
  return (input) => {
    const found = values.find((value) => value === input)
    return found === undefined ? failed(`must be ${values.join(' or ')}`, input) : { ok: true, value: found }
  }
}

/** True for what has fields to look at. */
export function isObject(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === 'object' && input !== null
}

/** The value as an error message shows it: short, whatever it is. */
export function quote(input: unknown): string {
  if (typeof input === 'string') return JSON.stringify(input.length > 64 ? `${input.slice(0, 64)}…` : input)
  if (typeof input === 'number' || typeof input === 'boolean') return `"${input}"`
  return Array.isArray(input) ? `a list of ${input.length}` : `"${typeof input}"`
}

function failed(rule: string, input: unknown): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault: `${rule}, not ${quote(input)}` }
}
