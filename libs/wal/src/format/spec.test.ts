import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'

const sources = new URL('../../src/', import.meta.url)
const page = new URL('../../../../spec/disk-format.md', import.meta.url)

/** Lines of drawings without what frames them: a comment's star or a page's indentation. */
function drawingLines(url: URL): string[] {
  const lines = readFileSync(url, 'utf8').split('\n')
  return lines.map((line) => line.replace(/^ \*/, '').trim()).filter((line) => /[┌├│└]/.test(line))
}

describe('the diagrams of spec/disk-format.md', () => {
  it('stand above the code that reads them', () => {
    const codecs = readdirSync(new URL('format/', sources)).filter((name) => !name.endsWith('.test.ts'))
    const files = [...codecs.map((name) => `format/${name}`), 'log/batch-scanner.ts']
    const above = files.flatMap((name) => drawingLines(new URL(name, sources)))
    expect(drawingLines(page).sort()).to.deep.equal(above.sort()).and.not.empty
  })
})
