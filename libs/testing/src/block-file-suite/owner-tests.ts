import { expect } from 'chai'
import { contents, expectRejection, filled, type Fixture } from './fixture.js'
import type { BlockFilePlace } from './suite-options.js'

/** One directory, one owner. */
export function ownerTests<Place extends BlockFilePlace>(fixture: Fixture<Place>): void {
  it('has one owner at a time', async () => {
    await expectRejection(fixture.place.open(), 'DIRECTORY_LOCKED', 'directory is locked')
    await expectRejection(fixture.place.open(), 'DIRECTORY_LOCKED')
  })

  it('leaves the owner in peace when it refuses another', async () => {
    const file = await fixture.file()
    await expectRejection(fixture.place.open(), 'DIRECTORY_LOCKED')
    await file.write([filled(file, 1, 7)], 0, true)
    expect((await contents(file))[0]).to.equal(7)
    expect(await fixture.directory.list()).to.deep.equal(['a'])
  })

  it('takes a new owner once the old one has closed, again and again', async () => {
    for (let round = 0; round < 3; round += 1) await fixture.reopen()
    await expectRejection(fixture.place.open(), 'DIRECTORY_LOCKED')
  })

  it('lets one of several win who come at once', async () => {
    await fixture.directory.close()
    const outcomes = await Promise.allSettled([fixture.openAgain(), fixture.place.open(), fixture.place.open()])
    const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    for (const winner of winners) await winner.value.close()
    expect(winners).to.have.length(1)
  })
}
