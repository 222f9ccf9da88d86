import type { Command } from 'commander'
import { withClient } from '../connection.js'

export function addRegister(program: Command): void {
  program
    .command('register')
    .description('create a topic; prints nothing, and does nothing if it exists')
    .argument('<topic>', '1 to 200 of A-Z a-z 0-9 . _ -')
    .action((topic: string) => withClient(program, (client) => client.register(topic)))
}
