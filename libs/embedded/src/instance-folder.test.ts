import { expect } from 'chai'
import { folderOfKey, instanceFolder } from './instance-folder.js'

describe('the folder of an instance', () => {
  it('is the path, else the environment, else a default', () => {
    const environment = { WALRUS_DATA_DIR: '/env', WALRUS_INSTANCE_KEY: 'tenant' }
    expect(instanceFolder({}, {})).to.equal('wal_files')
    expect(instanceFolder({}, environment)).to.equal('/env/tenant')
    expect(instanceFolder({ key: 'mine' }, environment)).to.equal('/env/mine')
    expect(instanceFolder({ path: '/data' }, environment)).to.equal('/data')
    expect(instanceFolder({ path: '/data', key: 'mine' }, environment)).to.equal('/data/mine')
  })

  it('keeps what is safe of a key', () => {
    expect(folderOfKey('prod/payments::v1')).to.equal('prod_payments__v1')
    expect(folderOfKey('A-z_0.9')).to.equal('A-z_0.9')
    expect(folderOfKey('café')).to.equal('caf_')
  })

  it('is a hash where nothing is left of the key, or where it would lead elsewhere', () => {
    expect(folderOfKey('')).to.equal('ns_cbf29ce484222325')
    expect(folderOfKey('___')).to.match(/^ns_[0-9a-f]{16}$/)
    expect(folderOfKey('///')).to.not.equal(folderOfKey('___'))
    for (const key of ['.', '..']) expect(folderOfKey(key)).to.match(/^ns_/)
    expect(folderOfKey('a')).to.equal('a')
  })
})
