import { expect } from 'chai'
import { RequestWindow } from './request-window.js'

describe('RequestWindow', () => {
  it('begins small and doubles while answers are small, up to a limit', () => {
    const window = new RequestWindow(1 << 20)
    const sizes = Array.from({ length: 9 }, () => {
      const { size } = window
      window.observe(size, 6 * size)
      return size
    })
    expect(sizes).to.deep.equal([16, 32, 64, 128, 256, 512, 1024, 2048, 2048])
  })

  it('shrinks at once to what is affordable, never below one', () => {
    const window = new RequestWindow(1 << 20)
    window.observe(2, 2 << 17)
    expect(window.size).to.equal(8)
    window.observe(1, 1 << 24)
    expect(window.size).to.equal(1)
  })

  it('learns nothing from no answer', () => {
    const window = new RequestWindow(1 << 20)
    window.observe(0, 0)
    expect(window.size).to.equal(16)
  })
})
