import { readFileSync, readdirSync } from 'node:fs'
import { expect } from 'chai'

const sources = new URL('../src/', import.meta.url)
const spec = new URL('../../../spec/', import.meta.url)
const drawn = /[┌├│└]/

/** Lines of drawings without what frames them: a comment's star or a page's indentation. */
function drawingLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/^ \*/, '').trim())
    .filter((line) => drawn.test(line))
}

function linesOfPages(pages: readonly string[]): string[] {
  return pages.flatMap((page) => drawingLines(readFileSync(new URL(page, spec), 'utf8'))).sort()
}

function linesOfSources(folder: string): string[] {
  const names = readdirSync(new URL(folder, sources)).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )
  return names.flatMap((name) => drawingLines(readFileSync(new URL(folder + name, sources), 'utf8'))).sort()
}

describe('the diagrams', () => {
  it('of spec/batch-format.md stand above the batch codec', () => {
    expect(linesOfPages(['batch-format.md'])).to.deep.equal(linesOfSources('batch/')).and.not.empty
  })

  it('of spec/peer-format.md stand above the codecs of the peer frames', () => {
    expect(linesOfPages(['peer-format.md'])).to.deep.equal(linesOfSources('peer/')).and.not.empty
  })

  it('of spec/wire-format.md stand above frames and the commands of both dialects', () => {
    const above = [...linesOfSources('frame/'), ...linesOfSources('text/'), ...linesOfSources('binary/')].sort()
    expect(linesOfPages(['wire-format.md'])).to.deep.equal(above).and.not.empty
  })
})
