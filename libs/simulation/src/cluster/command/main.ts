import { simulateCommand } from './simulate-command.js'

process.exitCode = await simulateCommand(process.argv.slice(2), process.stdout)
