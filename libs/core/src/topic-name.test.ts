import { expect } from 'chai'
import fc from 'fast-check'
import { topicNameFault } from './topic-name.js'

describe('topic name', () => {
  const table: readonly [string, string | undefined][] = [
    ['logs', undefined],
    ['a', undefined],
    ['Az0._-', undefined],
    ['...', undefined],
    ['__proto__', undefined],
    ['x'.repeat(200), undefined],
    ['x'.repeat(201), 'the name is longer than 200 bytes'],
    ['', 'the name is empty'],
    ['.', 'the name is reserved'],
    ['..', 'the name is reserved'],
    ['a b', 'only A-Z a-z 0-9 . _ - are allowed'],
    ['a/b', 'only A-Z a-z 0-9 . _ - are allowed'],
    ['a\n', 'only A-Z a-z 0-9 . _ - are allowed'],
    ['é', 'only A-Z a-z 0-9 . _ - are allowed'],
    ['\0', 'only A-Z a-z 0-9 . _ - are allowed'],
  ]
  for (const [name, fault] of table) {
    it(`${JSON.stringify(name.length > 20 ? `${name.length} × x` : name)}: ${fault ?? 'valid'}`, () => {
      expect(topicNameFault(name)).to.equal(fault)
    })
  }

  it('is safe as a file name and has one byte per character, whenever it is valid', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (name) => {
        const safe = /^[\w.-]+$/.test(name) && name !== '.' && name !== '..'
        expect(topicNameFault(name) === undefined).to.equal(safe)
      }),
    )
  })
})
