import { expect } from 'chai'
import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from './temporary-folder.js'

describe('temporary folder', () => {
  it('is empty, its own, and gone with all that is in it once removed', async () => {
    const [first, second] = [await temporaryFolder(), await temporaryFolder()]
    await writeFile(join(first.path, 'file'), 'text')
    expect(await readdir(second.path)).to.deep.equal([])
    await Promise.all([first.remove(), second.remove()])
    expect([existsSync(first.path), existsSync(second.path)]).to.deep.equal([false, false])
    await first.remove()
  })
})
