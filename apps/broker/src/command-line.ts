import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { reasonOf } from '@walrus/core'
import { settings, type Config } from './config.js'
import { canonicalFlag, readSetting, type Setting } from './setting.js'

/** What the operator's words lead to: a broker, or some text and an exit code. */
export type Invocation =
  | { readonly kind: 'run'; readonly config: Config }
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'refusal'; readonly text: string }

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads flags, then variables, then defaults; nothing is done with the values yet. */
export function readInvocation(words: readonly string[], environment: Environment): Invocation {
  let written = ''
  const command = brokerCommand().configureOutput({
    writeOut: (text) => (written += text),
    writeErr: () => undefined,
  })
  try {
    command.parse([...words], { from: 'user' })
    return { kind: 'run', config: readConfig(command.opts(), environment) }
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return { kind: 'answer', text: written.trimEnd() }
    return { kind: 'refusal', text: refusalOf(thrown) }
  }
}

function readConfig(given: Readonly<Record<string, string | undefined>>, environment: Environment): Config {
  const values = Object.entries<Setting<unknown>>(settings).map(([name, setting]) => [
    name,
    readSetting(setting, given[name], environment),
  ])
  return Object.fromEntries(values) as Config
}

function brokerCommand(): Command {
  const command = new Command('walrus-broker')
    .description('Runs one node of Walrus: a message-streaming engine of durable, totally ordered topics.')
    .version(version(), '--version', 'Print the version')
    .helpOption('--help', 'Print this help')
    .configureHelp({ helpWidth: 110 })
    .exitOverride()
    .addHelpText('after', variablesHelp())
  for (const setting of Object.values<Setting<unknown>>(settings)) {
    if (setting.flags !== undefined) command.addOption(optionOf(setting, setting.flags))
  }
  return command
}

function optionOf(setting: Setting<unknown>, flags: string): Option {
  const option = new Option(flags, optionHelp(setting))
  if (setting.isRepeatable !== true) return option
  return option.argParser((value: string, before?: string) => (before === undefined ? value : `${before},${value}`))
}

function optionHelp(setting: Setting<unknown>): string {
  const notes = [setting.accepts]
  if (setting.fallback !== undefined) notes.push(`default: ${setting.fallback}`)
  if (setting.variables.length > 0) notes.push(`variable: ${setting.variables.join(', ')}`)
  return `${setting.about} (${notes.join('; ')})`
}

function variablesHelp(): string {
  const rows = Object.values<Setting<unknown>>(settings).flatMap((setting) =>
    setting.variables.map(
      (name) => `  ${name.padEnd(29)}${setting.flags ? `as ${canonicalFlag(setting)}` : setting.about}`,
    ),
  )
  return ['', 'Environment variables (a flag wins over its variable):', ...rows].join('\n')
}

function version(): string {
  const file = new URL('../package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return version
}

function refusalOf(thrown: unknown): string {
  if (!(thrown instanceof CommanderError)) return reasonOf(thrown)
  const reason = thrown.message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '')
  return `Cannot read the command line: ${reason}`
}
