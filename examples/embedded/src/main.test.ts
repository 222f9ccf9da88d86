import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'

describe('the example of the embedded library', () => {
  it('does what it shows', async () => {
    const program = fileURLToPath(new URL('main.js', import.meta.url))
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program])
    expect(stdout.trimEnd().split('\n')).to.deep.equal([
      'appended at offset 0',
      'appended at offsets 1 to 2',
      'offset 0: one tea',
      'offset 1: two coffees',
      'offset 2: three cakes',
      'still there: one tea',
    ])
    expect(stderr).to.equal('')
  })
})
