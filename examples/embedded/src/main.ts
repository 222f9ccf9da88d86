import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Walrus } from '@walrus/embedded'

const folder = await mkdtemp(join(tmpdir(), 'walrus-example-'))

// One process owns a directory at a time; it is made if it is absent.
const walrus = await Walrus.open({ path: folder })

// An append resolves with its offset once the entry is on stable storage. Topics exist from their first entry on.
const offset = await walrus.append('orders', Buffer.from('one tea'))
console.log(`appended at offset ${offset}`)

// A batch is appended whole or not at all.
const batch = await walrus.appendBatch('orders', [Buffer.from('two coffees'), Buffer.from('three cakes')])
console.log(`appended at offsets ${batch.firstOffset} to ${batch.lastOffset}`)

// The shared cursor moves with each read, durably: an entry is delivered once, also after a restart.
const next = await walrus.readNext('orders')
if (next) console.log(`offset ${next.offset}: ${Buffer.from(next.data)}`)

for (const { offset, data } of await walrus.readBatch('orders')) console.log(`offset ${offset}: ${Buffer.from(data)}`)

// Reading by offset moves no cursor.
const [first] = await walrus.read('orders', 0)
if (first) console.log(`still there: ${Buffer.from(first.data)}`)

await walrus.close()
await rm(folder, { recursive: true })
