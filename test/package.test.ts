import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The packages that a file imports for more than their types, wherever it imports them. */
function packagesOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const imports = [
    ...text.matchAll(/^(?:import|export) (?!type )[^;]*? from '([^']+)'|import\('([^']+)'\)/gm),
  ]
  return imports
    .map(([, direct, dynamic]) => direct ?? dynamic ?? '')
    .filter((name) => name !== '' && !name.startsWith('.') && !isBuiltin(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    )
}

test('what runs in production imports no development dependency: the container has none', () => {
  const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.startsWith('src/sandbox/'))
  const used = new Set(files.flatMap(packagesOf))
  expect(used).toContain('probot')
  expect([...used].filter((name) => !(name in manifest.dependencies))).toEqual([])
})

test('every version is exact', () => {
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
  expect(
    versions.filter(([, version]) => !/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version))),
  ).toEqual([])
})

test('Node is the same everywhere', () => {
  const node = manifest.devDependencies.node
  expect(readFileSync(join(root, '.nvmrc'), 'utf8').trim()).toBe(node)
  expect(manifest.engines.node).toBe(`>=${node}`)
  expect(readFileSync(join(root, 'Dockerfile'), 'utf8')).toContain(`FROM node:${node}-`)
})
