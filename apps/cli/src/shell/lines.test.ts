import { expect } from 'chai'
import { linesOf } from './lines.js'

describe('linesOf', () => {
  it('gives the same lines for every cut of the stream', async () => {
    const bytes = Buffer.concat([Buffer.from('PUT a \u2028x\r\n\nGET a\rb\nlast '), Buffer.from([0xff, 0x00])])
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const lines = await collect([bytes.subarray(0, cut), bytes.subarray(cut)])
      expect(lines, `cut at ${cut}`).to.deep.equal([
        Buffer.from('PUT a \u2028x'),
        Buffer.alloc(0),
        Buffer.from('GET a\rb'),
        Buffer.concat([Buffer.from('last '), Buffer.from([0xff, 0x00])]),
      ])
    }
  })

  it('gives nothing after the last line end, and nothing for nothing', async () => {
    expect(await collect([Buffer.from('METRICS\n')])).to.deep.equal([Buffer.from('METRICS')])
    expect(await collect([])).to.deep.equal([])
  })
})

async function collect(chunks: readonly Buffer[]): Promise<Buffer[]> {
  const lines: Buffer[] = []
  for await (const line of linesOf(from(chunks))) lines.push(line)
  return lines
}

async function* from(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}
