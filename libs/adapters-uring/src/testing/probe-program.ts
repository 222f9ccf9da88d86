// Says whether there is a ring, and what happens to those who open files with it.
import { openUringBlockFiles, probeUring } from '../index.js'

const thrown: unknown = await openUringBlockFiles('nowhere').catch((error: unknown) => error)
process.stdout.write(JSON.stringify({ probe: probeUring(), thrown: String(thrown) }))
