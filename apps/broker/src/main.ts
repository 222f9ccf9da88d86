import { readInvocation } from './command-line.js'
import { EXIT_USAGE, runBroker } from './run-broker.js'

const invocation = readInvocation(process.argv.slice(2), process.env)

switch (invocation.kind) {
  case 'answer':
    process.stdout.write(`${invocation.text}\n`)
    break
  case 'refusal':
    process.stderr.write(`walrus-broker: ${invocation.text}\n`)
    process.exitCode = EXIT_USAGE
    break
  case 'run':
    process.exit(await runBroker(invocation.config))
}
