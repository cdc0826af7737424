import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

/**
 * The dependency rule of the project, held over the import lines. The decision is pure, services know only themselves
 * and the decision, and a few files, the path, put both together.
 */

const root = join(import.meta.dirname, '..')

type Import = { file: string; target: string; types: boolean; inside: boolean }

/**
 * Files directly in `src/` are the path: they read, decide, record and act, with the services' functions. Not so these,
 * which know nothing of what is outside.
 */
const offThePath = [
  'app',
  'policy-file',
  'retry-later',
  'schemas',
  'server',
  'settings',
  'yaml-file',
  'yaml-places',
  'yaml-words',
].map((name) => `src/${name}.ts`)

/** Parts of the path that have a folder: what becomes of a candidate on staging, and of a merge. */
const foldersOfThePath = ['src/candidates', 'src/merging']

function isOnThePath(file: string): boolean {
  return foldersOfThePath.includes(dirname(file)) || (dirname(file) === 'src' && !offThePath.includes(file))
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

/** `src/store/queue/workers.ts` and `src/store/queue.ts` are both of the service `queue`. */
function serviceOf(path: string): string | undefined {
  return /^src\/services\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(path)?.[1]
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
    expect(imports).toContainEqual({ file: 'src/bot/app.ts', target: 'probot', types: true, inside: false })
  })

  it('every import inside names a file that exists', () => {
    expect(
      breaking(({ inside, target }) => inside && target.endsWith('.ts') && !files.includes(target)),
    ).toEqual([])
  })
})

describe('the decision', () => {
  const packages = ['zod', 'date-fns', 'date-fns-tz', 'date-holidays', 'picomatch', 're2js']

  it('imports itself and a few pure packages, and nothing else', () => {
    const foreign = ({ file, target, inside }: Import) =>
      isIn('decision', file) && (inside ? !isIn('decision', target) : !packages.includes(target))
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

describe('a service', () => {
  const mayUse = ({ target, types }: Import) =>
    isIn('decision', target) ||
    target === 'src/store/retry-later.ts' ||
    target === 'src/store/database.ts' ||
    // Facts are kept by one service and proved by another: the shape of the store is all that they share.
    (types && ['src/settings/settings.ts', 'src/store/facts.ts'].includes(target))

  it('imports itself, the decision, the database, and types of the settings; never another service', () => {
    const foreign = (each: Import) => {
      const service = serviceOf(each.file)
      return service !== undefined && each.inside && serviceOf(each.target) !== service && !mayUse(each)
    }
    expect(breaking(foreign)).toEqual([])
  })

  it('is imported only by the path, by the bot that is put together in `bot`, by what commands do (regression, doctor), by commands and by the sandbox', () => {
    const stranger = ({ file, target }: Import) =>
      serviceOf(target) !== undefined &&
      serviceOf(file) === undefined &&
      !isOnThePath(file) &&
      !['bot', 'regression', 'doctor', 'commands', 'sandbox'].some((folder) => isIn(folder, file))
    expect(breaking(stranger)).toEqual([])
  })
})

describe('the layers above', () => {
  it('app.ts knows pull requests and how to enqueue them: of the project it imports types of the decision alone', () => {
    const foreign = ({ file, target, types, inside }: Import) =>
      file === 'src/bot/app.ts' && inside && !(types && isIn('decision', target))
    expect(breaking(foreign)).toEqual([])
  })

  it('evaluate.ts gets the database and the queue handed in: it imports only their types', () => {
    const made = ({ file, target, types }: Import) =>
      file === 'src/gate/evaluate.ts' && ['database', 'queue'].includes(serviceOf(target) ?? '') && !types
    expect(breaking(made)).toEqual([])
  })

  it('the regression judges answers of staging: it knows nothing of the path or of GitHub', () => {
    const foreign = ({ file, target }: Import) =>
      isIn('regression', file) &&
      (isOnThePath(target) || ['github', 'queue', 'verdicts', 'audit'].includes(serviceOf(target) ?? ''))
    expect(breaking(foreign)).toEqual([])
  })

  it('nobody imports main or commands, except main and other commands', () => {
    const backwards = ({ file, target }: Import) =>
      target === 'src/main.ts' ||
      (isIn('commands', target) && file !== 'src/main.ts' && !isIn('commands', file))
    expect(breaking(backwards)).toEqual([])
  })

  it('nobody imports the sandbox, except the command that shows it', () => {
    const playing = ({ file, target }: Import) =>
      isIn('sandbox', target) && !isIn('sandbox', file) && !file.startsWith('src/commands/demo')
    expect(breaking(playing)).toEqual([])
  })

  it('only app.ts names events of GitHub to Probot', () => {
    const found = files.filter((file) => !isIn('sandbox', file) && /\bapp\.on\(/.test(codeOf(file)))
    expect(found).toEqual(['src/bot/app.ts'])
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

/** The text without comments, and without what stands in simple quotes: words of sentences are no code. */
function codeOf(file: string): string {
  return readFileSync(join(root, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
}
