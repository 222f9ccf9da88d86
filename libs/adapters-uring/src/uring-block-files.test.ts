import { openFdBlockFiles, type SystemCalls } from '@walrus/adapters-fs'
import { WalrusError } from '@walrus/core'
import { blockFileSuite, temporaryFolder, type DiskOperation } from '@walrus/testing'
import { expect } from 'chai'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FailingCalls } from './testing/failing-calls.js'
import { openRing } from './testing/open-ring.js'
import { probeUring } from './thread-ring.js'
import { openUringBlockFiles } from './uring-block-files.js'
import { uringSystemCalls } from './uring-system-calls.js'

if (openRing === undefined) refusalTest()
else {
  const calls = uringSystemCalls(openRing)

  blockFileSuite({
    name: 'uring',
    place: async () => {
      const folder = await temporaryFolder()
      return { folder, open: () => openUringBlockFiles(folder.path), remove: () => folder.remove() }
    },
    addForeignFile: ({ folder }) => writeFile(join(folder.path, 'notes.txt'), ''),
    truncate: ({ folder }, name, sizeBytes) => truncate(join(folder.path, `${name}.blocks`), sizeBytes),
  })

  blockFileSuite({
    name: 'uring, on a system that fails',
    place: async () => {
      const failing = new FailingCalls()
      return { failing, ...(await placeWith(failing.table(calls))) }
    },
    failNext: ({ failing }, kind, fault) => failing.failNext(SYSTEM_CALLS[kind], fault),
  })

  blockFileSuite({
    name: 'uring, on a system that writes and reads in pieces',
    place: () => placeWith(inPieces(calls)),
  })

  describe('uring block files', () => {
    it('are there when they are said to be', () => {
      expect(probeUring()).to.deep.equal({ available: true })
    })
  })
}

const SYSTEM_CALLS: Readonly<Record<DiskOperation['kind'], keyof SystemCalls>> = {
  create: 'truncate',
  remove: 'unlink',
  write: 'write',
  'durable write': 'write',
  sync: 'syncData',
}

async function placeWith(systemCalls: SystemCalls) {
  const folder = await temporaryFolder()
  return { open: () => openFdBlockFiles(folder.path, { systemCalls }), remove: () => folder.remove() }
}

/** Everything goes through the ring, in pieces that end inside of a part. */
function inPieces(calls: SystemCalls): SystemCalls {
  return {
    ...calls,
    writeNow: () => 0,
    write: (descriptor, [first = new Uint8Array(), ...rest], position) => {
      const more = rest.slice(0, 1).map((part) => part.subarray(0, 100))
      return calls.write(descriptor, first.length > 777 ? [first.subarray(0, 777)] : [first, ...more], position)
    },
    read: (descriptor, bytes, position) => calls.read(descriptor, bytes.subarray(0, 777), position),
  }
}

function refusalTest(): void {
  describe('uring block files, where there is no io_uring', () => {
    it('are refused with the reason that the probe gives', async () => {
      const probe = probeUring()
      const thrown: unknown = await openUringBlockFiles('nowhere').catch((error: unknown) => error)
      expect(thrown).to.be.instanceOf(WalrusError).and.to.have.property('code', 'IO_FAILED')
      expect(!probe.available && probe.reason)
        .to.be.a('string')
        .and.not.to.equal('')
      expect((thrown as WalrusError).message).to.contain(probe.available ? 'no reason' : probe.reason)
    })
  })
}
