import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { ProgressBar, renderProgress } from './progress-bar.js'

describe('progress bar', () => {
  it('says how much of what', () => {
    expect(renderProgress(0, 10)).to.equal('[------------------------------]   0 % of 10 B')
    expect(renderProgress(1024 ** 3, 5 * 1024 ** 3)).to.equal('[######------------------------]  20 % of 5.0 GiB')
    expect(renderProgress(1023, 1024)).to.equal('[#############################-]  99 % of 1.0 KiB')
    expect(renderProgress(0, 0)).to.equal('[##############################] 100 % of 0 B')
  })

  it('is silent where nobody looks', () => {
    const pipe = new PassThrough()
    const bar = new ProgressBar(pipe)
    bar.update(1, 2)
    bar.clear()
    expect(pipe.readableLength).to.equal(0)
  })

  it('draws only what differs', () => {
    const terminal = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true })
    const bar = new ProgressBar(terminal)
    for (const doneBytes of [0, 1, 2, 500, 501]) bar.update(doneBytes, 1000)
    bar.clear()
    bar.clear()
    const clear = '\r\u001b[K'
    const drawn = [renderProgress(0, 1000), renderProgress(500, 1000), '']
    expect(terminal.read()).to.equal(drawn.map((line) => clear + line).join(''))
  })
})
