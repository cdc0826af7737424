import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

/**
 * The dependency rule of the project, checked over the import lines (type imports too; the lint refuses circles).
 */

const root = join(import.meta.dirname, '..')

type Import = { file: string; target: string; types: boolean; inside: boolean }

/**
 * The dependency rule: a folder imports only itself and folders of lower rows (docs/architecture.md). `sandbox` is apart:
 * it plays the outside world, and may use any of them.
 */
const rows = [
  ['main.ts'],
  ['commands'],
  ['bot'],
  ['server', 'setup', 'merges', 'incidents', 'comments'],
  ['doctor', 'gate', 'notices'],
  ['staging'],
  ['regression', 'policy'],
  ['services'],
  ['store'],
  ['settings', 'yaml', 'html'],
  ['decision'],
]

/** The folder of `src/` that a file is in, or `main.ts`. */
function folderOf(file: string): string {
  return file.split('/')[1] ?? ''
}

function rowOf(file: string): number {
  return rows.findIndex((row) => row.includes(folderOf(file)))
}

function mayImport({ file, target }: Pick<Import, 'file' | 'target'>): boolean {
  const [from, to] = [folderOf(file), folderOf(target)]
  if (from === to || from === 'sandbox') return true
  if (to === 'sandbox') return file === 'src/commands/demo.ts'
  return rowOf(target) > rowOf(file)
}

const files = globSync('src/**/*.ts', { cwd: root }).sort()
const imports = files.flatMap(importsOf)

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const lines = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm)
  const dynamic = text.matchAll(/\bimport(\s)?\(\s*'([^']+)'/g)
  return [...lines, ...dynamic].map(([, types, target = '']) => {
    const inside = target.startsWith('.')
    return {
      file,
      target: inside ? relative(root, join(root, dirname(file), target)) : target,
      types: types?.startsWith('type') === true,
      inside,
    }
  })
}

function isIn(folder: string, path: string): boolean {
  return path.startsWith(`src/${folder}/`)
}

/** The imports that break a rule, as `file -> target`. */
function breaking(breaks: (each: Import) => boolean): string[] {
  return imports.filter(breaks).map(({ file, target }) => `${file} -> ${target}`)
}

describe('the reader of import lines', () => {
  it('finds the files and their imports, inside and outside', () => {
    expect(files.length).toBeGreaterThan(50)
    expect(imports).toContainEqual({
      file: 'src/decision/verdict.ts',
      target: 'src/decision/gates/index.ts',
      types: false,
      inside: true,
    })
    expect(imports).toContainEqual({ file: 'src/bot/parts.ts', target: 'probot', types: true, inside: false })
  })

  it('every import inside names a file that exists', () => {
    expect(
      breaking(({ inside, target }) => inside && target.endsWith('.ts') && !files.includes(target)),
    ).toEqual([])
  })
})

describe('the decision', () => {
  const packages = ['zod', 'date-fns', 'date-holidays', 'picomatch', 're2js']

  it('imports itself and a few pure packages, and nothing else', () => {
    const foreign = ({ file, target, inside }: Import) =>
      isIn('decision', file) &&
      (inside ? !isIn('decision', target) : !packages.includes(target.split('/')[0] ?? ''))
    expect(breaking(foreign)).toEqual([])
  })

  it.each([
    ['waits', /\bawait\b|\basync\b|\bPromise\b/],
    ['looks at a clock', /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\b|\bTemporal\.Now\b/],
    [
      'reaches outside',
      /\bprocess\b|\bfetch\(|\bglobalThis\b|\bsetTimeout\b|\bsetInterval\b|\bimport\(|\brequire\(/,
    ],
    ['throws dice', /\bMath\.random\b|\bcrypto\b/],
  ])('never %s', (_name, pattern) => {
    const found = files.filter((file) => isIn('decision', file) && pattern.test(codeOf(file)))
    expect(found).toEqual([])
  })
})

describe('the folders', () => {
  it('all stand in the table, and nothing but main.ts lies loose in src', () => {
    const known = [...rows.flat(), 'sandbox']
    expect([...new Set(files.map(folderOf))].filter((folder) => !known.includes(folder))).toEqual([])
    expect(known.filter((folder) => !files.some((file) => folderOf(file) === folder))).toEqual([])
  })

  it('import only themselves and folders of lower rows', () => {
    expect(breaking((each) => each.inside && each.target.startsWith('src/') && !mayImport(each))).toEqual([])
  })

  it.each([
    ['a store that reads GitHub', 'src/store/verdicts.ts', 'src/services/github/client.ts'],
    ['a gate that knows merges, one row above', 'src/gate/evaluate.ts', 'src/merges/run.ts'],
    ['a neighbor in the same row', 'src/doctor/gather.ts', 'src/gate/evaluate.ts'],
    ['a decision that reads settings', 'src/decision/verdict.ts', 'src/settings/settings.ts'],
    ['a service that knows another folder of its user', 'src/services/slack.ts', 'src/policy/policy-file.ts'],
    ['anything that imports the sandbox', 'src/bot/bot.ts', 'src/sandbox/stage.ts'],
    ['anything that imports main', 'src/commands/start.ts', 'src/main.ts'],
  ])('refuse %s', (_, file, target) => {
    expect(mayImport({ file, target })).toBe(false)
  })

  it('bot/events says what an event means from its payload alone', () => {
    const isEvents = (file: string) => /^src\/bot\/events(\.ts$|\/)/.test(file)
    const known = imports.filter(({ file, inside, types }) => isEvents(file) && inside && !types)
    expect(known.filter(({ target }) => !isIn('decision', target) && !isEvents(target))).toEqual([])
    expect(files.filter(isEvents).length).toBeGreaterThan(1)
    for (const file of files.filter(isEvents)) expect(codeOf(file)).not.toMatch(/\bawait\b|\basync\b/)
  })
})

describe('files', () => {
  it('are named for what they do, in kebab-case', () => {
    const names = files.map((file) => file.split('/').at(-1) ?? '')
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name))).toEqual([])
    expect(names.filter((name) => /^(utils?|helpers?|common|types?|misc|shared)\.ts$/.test(name))).toEqual([])
  })

  it('export by name', () => {
    expect(files.filter((file) => /^export default\b/m.test(codeOf(file)))).toEqual([])
  })
})

describe('tests', () => {
  const timed =
    /\bperformance[.]now\b|\bhrtime\b|expect\(.*\bDate[.]now\(\)( -|\)\.toBe)|\b(ms|took|elapsed|duration|durationMs|p\d\d)\)\.(not\.)?toBe(Less|Greater)/

  it('never assert a time: a busy machine takes its own, and speed is measured by `npm run bench`', () => {
    const tests = globSync('test/**/*.test.ts', { cwd: root })
    expect(tests.filter((file) => timed.test(codeOf(file)))).toEqual([])
  })

  it.each([
    'expect(performance.now() - began).toBeLessThan(1_000)',
    'const began = performance.now()',
    'expect(Date.now() - began).toBeLessThan(1_000)',
    'expect(Date.now()).toBeLessThan(deadline)',
    'expect(took).toBeLessThan(1_000)',
    'expect(report.cases[0]?.ms).toBeGreaterThan(500)',
  ])('%s is found', (line) => {
    expect(timed.test(line)).toBe(true)
  })

  it.each([
    'const old = new Date(Date.now() - minute)',
    'expect(items.length).toBeLessThan(10)',
    'expect(report.durationMs).toBe(300)',
  ])('%s is allowed', (line) => {
    expect(timed.test(line)).toBe(false)
  })
})

/** The text without comments, and without what stands in simple quotes: words of sentences are no code. */
function codeOf(file: string): string {
  return readFileSync(join(root, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
}
