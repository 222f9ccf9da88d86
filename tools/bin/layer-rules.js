// The direction of the house as lint: layers.json says which room may import which; everything else is an error.
// core and raft know nothing; protocol knows their words; wal and cluster know their ports; adapters know the outside.

/** @typedef {{ may: string[], packages: string[], pure?: boolean, ports?: boolean }} Layer */

/**
 * ESLint configuration that forbids, per room, every import which `layers` does not allow.
 * Tests may also import the testing room, the test libraries and Node.
 * @param {Record<string, Layer>} layers
 */
export function layerRules(layers) {
  return Object.entries(layers).flatMap(([name, layer]) => [
    { files: [`${folderOf(name)}/src/**/*.ts`], ignores: ['**/*.test.ts'], rules: importRule(name, layer) },
  ])
}

function folderOf(name) {
  if (name === 'broker' || name === 'cli') return `apps/${name}`
  if (name === 'tools' || name === 'spec') return name
  if (name.startsWith('example-')) return `examples/${name.slice('example-'.length)}`
  return `libs/${name}`
}

function importRule(name, layer) {
  const rooms = layer.may.map((other) => `@walrus/${other}$`)
  const node = layer.pure || layer.ports ? [] : ['node:']
  const allowed = ['\\.{1,2}/', ...rooms, ...layer.packages.map((one) => `${one}$`), ...node]
  const message = `"${name}" may import only: ${[...layer.may, ...layer.packages, ...node].join(', ') || 'its own files'}`
  return {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          { regex: `^(?!${allowed.join('|')})`, message },
          { regex: '/(src|dist)/', message: 'Import a room by its package name, not by a path into it' },
        ],
      },
    ],
  }
}
