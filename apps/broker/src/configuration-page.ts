import { settings } from './config.js'
import { canonicalFlag, type Setting } from './setting.js'

/** The page docs/configuration.md, whole: one row for each setting. */
export function configurationPage(): string {
  return [
    '# Configuration',
    '',
    'Every setting of `walrus-broker`. A flag wins over its variable, a variable over the default; of two variables the first',
    'one counts. A value that is not accepted ends the broker with one line on standard error and exit code 2.',
    'This page is written from `apps/broker/src/config.ts`; `node apps/broker/bin/write-configuration-page.js` writes it again.',
    '',
    '<!-- prettier-ignore -->',
    '| flag | variable | accepts | default | what it is for |',
    '| --- | --- | --- | --- | --- |',
    ...Object.values<Setting<unknown>>(settings).map(row),
    '',
  ].join('\n')
}

function row(setting: Setting<unknown>): string {
  const cells = [
    setting.flags === undefined ? '' : `\`${flagNames(setting.flags)}\``,
    setting.variables.map((name) => `\`${name}\``).join(', '),
    setting.accepts.replaceAll('<', '\\<'),
    setting.fallback === undefined ? '' : `\`${setting.fallback}\``,
    setting.about,
  ]
  return `| ${cells.join(' | ')} |`
}

function flagNames(flags: string): string {
  const others = flags.replace(/ <.*$/, '').split(', ').slice(0, -1)
  return [canonicalFlag({ flags }), ...others].join('`, `')
}
