import { fuzzCommand } from './fuzz-command.js'

process.exitCode = await fuzzCommand(process.argv.slice(2), process.stdout)
