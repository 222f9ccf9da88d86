import { systemError } from '@walrus/adapters-fs'
import { temporaryFolder } from '@walrus/testing'
import { expect } from 'chai'
import { open } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Ring } from './ring.js'
import { uringSystemCalls } from './uring-system-calls.js'

describe('system calls of a ring', () => {
  for (const { code, sizeBytes, what } of [
    { code: 'EOPNOTSUPP', sizeBytes: 1000, what: 'give a file its length where no space can be promised' },
    { code: 'ENOSPC', sizeBytes: 0, what: 'give a file nothing where there is no space' },
  ] as const) {
    it(what, async () => {
      const folder = await temporaryFolder()
      const file = await open(join(folder.path, 'file'), 'w')
      const ring = { reserve: () => Promise.reject(systemError(constants.errno[code], 'fallocate')) }
      const outcome = await uringSystemCalls(ring as unknown as Ring)
        .truncate(file.fd, 1000)
        .catch((thrown: unknown) => thrown)
      expect(outcome).to.satisfy((one: unknown) => (sizeBytes > 0 ? one === undefined : one instanceof Error))
      expect((await file.stat()).size).to.equal(sizeBytes)
      await file.close()
      await folder.remove()
    })
  }
})
