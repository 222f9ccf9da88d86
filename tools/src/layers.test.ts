import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { ESLint, type Linter } from 'eslint'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Layer {
  readonly may: readonly string[]
  readonly packages: readonly string[]
  readonly pure?: boolean
}

const layers = JSON.parse(readFileSync(join(root, 'layers.json'), 'utf8')) as Record<string, Layer>

describe('the direction of the house', () => {
  let eslint: ESLint

  before(async () => {
    const rules = (await import(pathToFileURL(join(root, 'tools/bin/layer-rules.js')).href)) as {
      layerRules: (layers: Record<string, Layer>) => Linter.Config[]
    }
    const parser = await import('typescript-eslint')
    const plain = { files: ['**/*.ts'], languageOptions: { parser: parser.parser as Linter.Parser } }
    const overrideConfig = [plain, ...rules.layerRules(layers)]
    eslint = new ESLint({ cwd: root, overrideConfigFile: true, overrideConfig })
  })

  async function complaints(file: string, code: string): Promise<string[]> {
    const [result] = await eslint.lintText(code, { filePath: join(root, file) })
    return (result?.messages ?? []).map(({ message }) => message)
  }

  const violations: readonly [string, string][] = [
    ['libs/core/src/one.ts', `import { readFile } from 'node:fs'`],
    ['libs/core/src/one.ts', `import { frame } from '@walrus/protocol'`],
    ['libs/core/src/one.ts', `import { frame } from '../../protocol/src/index.js'`],
    ['libs/core/src/one.ts', `export * from '@walrus/wal'`],
    ['libs/raft/src/one.ts', `import { assert } from '@walrus/core'`],
    ['libs/protocol/src/one.ts', `import { Buffer } from 'node:buffer'`],
    ['libs/wal/src/one.ts', `import { readFile } from 'node:fs/promises'`],
    ['libs/wal/src/one.ts', `import { localDisk } from '@walrus/adapters-fs'`],
    ['libs/cluster/src/one.ts', `import { Walrus } from '@walrus/wal'`],
    ['libs/adapters-fs/src/one.ts', `import { Walrus } from '@walrus/wal'`],
    ['libs/adapters-level/src/one.ts', `import { Container } from 'inversify'`],
    ['libs/client/src/one.ts', `import { assert } from '@walrus/core'`],
    ['apps/cli/src/one.ts', `import { ClusterNode } from '@walrus/cluster'`],
  ]
  for (const [file, code] of violations) {
    it(`refuses ${code} in ${file}`, async () => {
      expect(await complaints(file, code)).to.have.length(1)
    })
  }

  const fine: readonly [string, string][] = [
    ['libs/core/src/deep/one.ts', `import { assert } from '../errors.js'`],
    ['libs/protocol/src/one.ts', `import { assert } from '@walrus/core'`],
    ['libs/adapters-fs/src/one.ts', `import { open } from 'node:fs'`],
    ['apps/broker/src/one.ts', `import { Container } from 'inversify'`],
    ['libs/core/src/one.test.ts', `import { expect } from 'chai'`],
  ]
  for (const [file, code] of fine) {
    it(`allows ${code} in ${file}`, async () => {
      expect(await complaints(file, code)).to.deep.equal([])
    })
  }

  it('is what the lint of the workspace enforces', async () => {
    const workspace = new ESLint({ cwd: root })
    for (const file of ['libs/core/src/index.ts', 'libs/wal/src/index.ts']) {
      const enforced = (await workspace.calculateConfigForFile(join(root, file))) as Linter.Config
      const expected = (await eslint.calculateConfigForFile(join(root, file))) as Linter.Config
      expect(enforced.rules?.['no-restricted-imports']).to.deep.equal(expected.rules?.['no-restricted-imports'])
    }
  })

  it('knows every room, and every room depends on what it may use only', () => {
    for (const folder of roomFolders()) {
      const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
        name: string
        dependencies?: Record<string, string>
      }
      const layer = layers[manifest.name.replace('@walrus/', '')]
      expect(layer, `layers.json has no row for ${manifest.name}`).not.to.equal(undefined)
      const allowed = [...(layer?.may ?? []).map((name) => `@walrus/${name}`), ...(layer?.packages ?? [])]
      expect(allowed).to.include.members(Object.keys(manifest.dependencies ?? {}))
    }
  })

  it('gives the pure rooms no types of Node or of a browser', () => {
    for (const [name, { pure }] of Object.entries(layers)) {
      const folder = join(root, 'libs', name)
      if (!pure || !roomFolders().includes(join('libs', name))) continue
      const { compilerOptions } = JSON.parse(readFileSync(join(folder, 'tsconfig.lib.json'), 'utf8')) as {
        compilerOptions: { types?: string[]; lib?: string[] }
      }
      expect(compilerOptions.types ?? [], name).to.deep.equal([])
      expect(compilerOptions.lib ?? [], name).to.deep.equal([])
    }
  })
})

function roomFolders(): string[] {
  const below = ['libs', 'apps', 'examples'].flatMap((parent) =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(parent, entry.name)),
  )
  return [...below, 'tools', 'spec']
}
