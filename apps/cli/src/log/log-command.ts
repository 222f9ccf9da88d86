import { Option, InvalidArgumentError, type Command } from 'commander'
import { dumpLog, type DumpOptions } from './dump.js'
import { inspectLog, type InspectOptions } from './inspect.js'
import { verifyLog, type VerifyOptions } from './verify.js'

const DIRECTORY = 'a log, or the data directory of a broker that holds one'

const NOTES = `
The directory must not be in use. Nothing in it is changed.`

const VERIFY_NOTES = `
One line for each finding, in the order of topics, segments and offsets. "note" is worth a word and no damage, such as a torn tail.
Exit code: 0 the log is whole, 1 it is damaged or cannot be read, 2 wrong usage.`

const DUMP_NOTES = `
One line for each entry: offset, time, bytes, and the entry as text where it can be printed, else as hex.
It stops at damage with exit code 1, and says at which offset readable entries go on.`

/** `walrus-cli log …`: what looks at a stopped broker's files, without a broker. */
export function addLog(program: Command): void {
  const log = program
    .command('log')
    .description('look at the files of a log that is not in use')
    .addHelpText('after', NOTES)
    .action(() => log.error("error: missing subcommand: 'inspect', 'verify' or 'dump'"))
  addInspect(log)
  addVerify(log)
  addDump(log)
}

function addInspect(log: Command): void {
  log
    .command('inspect')
    .description('show files, segments, blocks and cursors')
    .argument('<dir>', DIRECTORY)
    .option('--topic <TOPIC>', 'only what belongs to this topic')
    .option('--batches', 'each batch too; reads everything')
    .option('--json', 'as one JSON document')
    .addHelpText('after', NOTES)
    .action((path: string, options: InspectOptions) => inspectLog(path, options, process))
}

function addVerify(log: Command): void {
  log
    .command('verify')
    .description('read everything, check every checksum, list all damage')
    .argument('<dir>', DIRECTORY)
    .option('--json', 'as one JSON document')
    .addHelpText('after', NOTES + VERIFY_NOTES)
    .action(async (path: string, options: VerifyOptions) => {
      process.exitCode = await verifyLog(path, options, process)
    })
}

function addDump(log: Command): void {
  log
    .command('dump')
    .description('print entries of a topic')
    .argument('<dir>', DIRECTORY)
    .argument('<topic>', 'a topic of the log')
    .option('--from <OFFSET>', 'first offset; default the oldest that is kept', readCount, 0)
    .option('--limit <N>', 'how many entries at most; default all', readCount, Infinity)
    .addOption(new Option('--raw', 'the exact bytes of the entries, nothing between them').conflicts('json'))
    .option('--json', 'one JSON object a line')
    .addHelpText('after', NOTES + DUMP_NOTES)
    .action((path: string, topic: string, options: DumpOptions) => dumpLog(path, topic, options, process))
}

function readCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count)) throw new InvalidArgumentError('expected a number from 0')
  return count
}
