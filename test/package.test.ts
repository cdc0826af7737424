import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The packages that a file imports for more than their types, wherever it imports them. */
function packagesOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const imports = [
    ...text.matchAll(/^(?:import|export) (?!type )[^;]*? from '([^']+)'|(?:import|\.resolve)\('([^']+)'\)/gm),
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

/** Development dependencies that nothing imports, each with the file that uses it by name. */
const usedWithoutImport: Record<string, string> = {
  '@fontsource/inter': 'test/pictures/run.ts',
  '@twemoji/svg': 'test/pictures/run.ts',
  'github-markdown-css': 'test/pictures/run.ts',
  '@biomejs/biome': 'biome.json',
  typescript: 'tsconfig.json',
  node: '.nvmrc',
  '@coo-quack/calc-mcp': 'test/services/mcp/third-party.test.ts',
  '@octokit/openapi': 'test/support/github-description.ts',
  '@octokit/webhooks-examples': 'test/end-to-end/examples.test.ts',
  '@modelcontextprotocol/conformance': 'test/services/mcp/conformance.test.ts',
  'conformance-next': 'test/services/mcp/conformance.test.ts',
  '@modelcontextprotocol/server-budget-allocator': 'test/services/mcp/third-party.test.ts',
  '@modelcontextprotocol/server-everything': 'test/services/mcp/third-party.test.ts',
  '@modelcontextprotocol/server-filesystem': 'test/services/mcp/third-party.test.ts',
  '@modelcontextprotocol/server-memory': 'test/services/mcp/third-party.test.ts',
  'mcp-server-code-runner': 'test/services/mcp/third-party.test.ts',
}

/** Tools whose file configures them without naming them. */
const configured = ['@biomejs/biome', 'typescript', 'node']

describe('package.json', () => {
  const sources = globSync('src/**/*.ts', { cwd: root }).flatMap(packagesOf)
  const tests = globSync('{test/**/*,*.config}.ts', { cwd: root }).flatMap(packagesOf)

  test('has no dependency that no source imports', () => {
    expect(unused(Object.keys(manifest.dependencies), sources)).toEqual([])
    expect(unused(['probot', 'left-pad'], sources)).toEqual(['left-pad'])
  })

  test('has no development dependency that nothing imports, except programs that are named elsewhere', () => {
    const names = Object.keys(manifest.devDependencies)
    expect(unused(names, [...sources, ...tests, ...Object.keys(usedWithoutImport)])).toEqual([])
    const typed = ['@types/ms', '@types/left-pad']
    expect(unused(typed, sources)).toEqual(['@types/left-pad'])
  })

  test.each(Object.entries(usedWithoutImport))('names %s, which %s uses', (name, file) => {
    expect(manifest.devDependencies).toHaveProperty([name])
    expect([...sources, ...tests]).not.toContain(name)
    const text = readFileSync(join(root, file), 'utf8')
    if (!configured.includes(name)) expect(text).toContain(name)
  })
})

/** Packages that are not among the imported ones. Types count as used with the package that they are for. */
function unused(names: string[], imported: string[]): string[] {
  const isUsed = (name: string) => name === '@types/node' || imported.includes(name.replace(/^@types\//, ''))
  return names.filter((name) => !isUsed(name))
}

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
  expect(readFileSync(join(root, 'Dockerfile'), 'utf8')).toContain(`ARG NODE=node:${node}-`)
})

/** Until a first release has a heading of its own, the changelog names its version in a sentence. */
function newestVersion(changelog: string): string | undefined {
  return /^## \[(\d[^\]]*)\]|^The first version, (\S+)\.$/m.exec(changelog)?.slice(1).find(Boolean)
}

test('the version is the newest of the changelog', () => {
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
  expect(manifest.version).toBe(newestVersion(changelog))
  expect(newestVersion('## [Unreleased]\n\n## [1.2.0] - 2027-01-01\n\n## [1.1.0] - 2026-12-01\n')).toBe(
    '1.2.0',
  )
})
