import { killCommand } from './kill-command.js'

process.exitCode = await killCommand(process.argv.slice(2), process.stdout)
