import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseDocument, visit } from 'yaml'
import { actionsOf, events, isHandled } from '../src/bot/events.ts'
import { defaultPolicy } from '../src/decision/policy.ts'
import { parsePolicy } from '../src/policy/policy-file.ts'
import { policyJsonSchema } from '../src/policy/schemas.ts'
import { commandsIn, helpOf } from './commands/command-run.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const blocks = (file: string) =>
  [...read(file).matchAll(/^```ya?ml\n([\s\S]*?)^```/gm)].map(([, text]) => text ?? '')

type Schema = { anyOf?: Schema[]; items?: Schema; properties?: Record<string, Schema> }

/** Every setting of the policy, as `gates.approvals.count`. */
function settingsOf(schema: Schema, path: string[] = []): string[] {
  const parts = [schema, ...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])]
  const inner = parts.flatMap((part) => Object.entries(part.properties ?? {}))
  const deeper =
    schema.anyOf || schema.items ? [...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])] : []
  if (inner.length === 0 && deeper.every((part) => !part.anyOf && !part.items)) return [path.join('.')]
  return inner.flatMap(([name, value]) => settingsOf(value, [...path, name]))
}

/** Every key that a text sets, as `gates.approvals.count`. */
function keysOf(text: string): string[] {
  const found: string[] = []
  visit(parseDocument(text), {
    Pair(_, pair, ancestors) {
      const above = ancestors.flatMap((each) => ('key' in each ? [String(each.key)] : []))
      found.push([...above, String(pair.key)].join('.'))
    },
  })
  return found
}

describe('docs/operations.md', () => {
  test('each message of the log that it quotes is one that the bot writes', () => {
    const text = read('docs/operations.md')
    const quoted = [
      ...text.matchAll(/\blog (?:says|has)[^`|]*`([A-Z][^`]+)`|(?:Look for )`([A-Z][^`]+)`/g),
    ].map(([, said, looked]) => said ?? looked ?? '')
    const source = globSync('src/**/*.ts', { cwd: root }).map(read).join('\n')
    expect(quoted.length).toBeGreaterThan(4)
    expect(quoted.filter((message) => !source.includes(message))).toEqual([])
  })
})

test('docs/operations.md says what to do about each message of the log that is an alert', () => {
  const page = read('docs/operations.md')
  const code = globSync('src/**/*.ts', { cwd: root, exclude: ['src/sandbox/**'] }).map(read)
  const alerts = code.flatMap((text) =>
    [...text.matchAll(/\.(?:error|warn)\(\s*\{[^{}]*\balert: true[^{}]*\},\s*'([^']+)'/g)].map(
      ([, message = '']) => message,
    ),
  )
  expect(alerts.length).toBeGreaterThan(10)
  expect(alerts.filter((message) => !page.includes(`\`${message}\``))).toEqual([])
})

/** Code in the pages and the language of its block. */
const code = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).flatMap((file) =>
  [...read(file).matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language = '', text = '']) => ({
    file,
    language,
    text,
  })),
)
const firstLine = (text: string) => text.split('\n')[0] ?? ''

describe('every block of code in the documentation', () => {
  test.each(
    code.filter(({ language }) => language === 'ts').map(({ file, text }) => [file, firstLine(text), text]),
  )('of %s is TypeScript: %s', (_, __, text) => {
    expect(() => stripTypeScriptTypes(text)).not.toThrow()
  })

  test.each(
    code
      .filter(({ language }) => /^ya?ml$/.test(language))
      .map(({ file, text }) => [file, firstLine(text), text]),
  )('of %s is YAML: %s', (_, __, text) => {
    const document = parseDocument(text)
    expect([...document.errors, ...document.warnings]).toEqual([])
  })

  test.each([
    ['startGitHub', /^405 [\s\S]*"Release gate" is expected\.\s+Pull Request successfully merged\n$/],
    [
      'setStage',
      /documentation: Ready to merge\n[\s\S]*one approval: Waiting for 1 more approval\n[\s\S]*two: Opens Wed, Dec 2, [\s\S]*window: Ready to merge\n/,
    ],
  ])('of docs/sandbox.md with %s runs, and prints what it says', (begins, output) => {
    const [example] = code.filter(({ file, text }) => file === 'docs/sandbox.md' && text.includes(begins))
    const file = join(root, `try-${process.pid}.ts`)
    writeFileSync(file, example?.text ?? '')
    try {
      const out = execFileSync(process.execPath, [file], { encoding: 'utf8', stdio: 'pipe' })
      expect(out).toMatch(output)
    } finally {
      rmSync(file)
    }
  })
})

describe('docs/policy.md', () => {
  test.each(blocks('docs/policy.md').map((text) => [text.split('\n')[0] ?? '', text]))(
    'the example that begins with "%s" is a valid policy',
    (_, text) => {
      const result = parsePolicy(text)
      expect(result.ok ? [] : result.problems).toEqual([])
    },
  )

  test('each setting has an example', () => {
    const shown = new Set(blocks('docs/policy.md').flatMap(keysOf))
    const settings = settingsOf(policyJsonSchema() as Schema)
    expect(settings).toContain('gates.release_window.urgent.expires_after')
    expect(settings.filter((setting) => !shown.has(setting))).toEqual([])
  })

  test('what it calls the defaults written out are the defaults', () => {
    const short = parsePolicy(blocks('docs/policy.md')[0] ?? '')
    const long = parsePolicy(blocks('docs/policy.md')[1] ?? '')
    expect(long).toEqual(short)
    expect(short).toEqual({ ok: true, policy: defaultPolicy })
  })
})

describe('README.md', () => {
  test.each(blocks('README.md').map((text) => [text]))('its policy is valid: %s', (text) => {
    const result = parsePolicy(text)
    expect(result.ok ? [] : result.problems).toEqual([])
  })

  test('names every command, and no other', () => {
    const named = [...read('README.md').matchAll(/^\| `([a-z]+)\b[^|]*` \|/gm)].map(([, name]) => name ?? '')
    const help = execFileSync(process.execPath, [join(root, 'src/main.ts'), '--help'], { encoding: 'utf8' })
    const commands = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map(
      ([, name]) => name ?? '',
    )
    expect(named).toContain('decide')
    expect(named.sort()).toEqual(commands.filter((name) => name !== 'help').sort())
  })
})

test('README.md names every command below another one in the row of that one', async () => {
  const rows = read('README.md').split('\n')
  const missing: string[] = []
  let asked = 0
  for (const name of commandsIn(await helpOf())) {
    const row = rows.find((line) => line.startsWith(`| \`${name}`)) ?? ''
    const below = commandsIn(await helpOf(name))
    asked += below.length
    missing.push(
      ...below.filter((one) => !new RegExp(`[\` ]${one}[\` ]`).test(row)).map((one) => `${name} ${one}`),
    )
  }
  expect(asked).toBeGreaterThan(20)
  expect(missing).toEqual([])
})

test('the project has one address wherever its own repository is named', () => {
  const files = globSync(
    ['*.{md,yml,json}', 'docs/**/*.md', 'examples/**/*', 'src/**/*.ts', '.github/**/*.yml'],
    { cwd: root, exclude: ['src/sandbox/**', 'package-lock.json'] },
  ).filter((file) => statSync(join(root, file)).isFile())
  const named = files.flatMap((file) =>
    [...read(file).matchAll(/\b([\w-]+)\/release-gate(?=[/@,\s'"]|$)/gm)]
      .map(([, owner = '']) => owner)
      .filter((folder) => !['lib', 'opt', 'RUNNER_TEMP'].includes(folder))
      .map((owner) => ({ file, owner })),
  )
  expect(named.length).toBeGreaterThan(4)
  expect(named.filter(({ owner }) => owner !== 'foodyepay')).toEqual([])
})

test('docs/operations.md names every variable of the environment', () => {
  const settings = read('src/settings/environment.ts')
  const names = [...settings.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name]) => name ?? '')
  expect(names.length).toBeGreaterThan(10)
  expect(names.filter((name) => !read('docs/operations.md').includes(`\`${name}\``))).toEqual([])
})

test('docs/operations.md names every address under /api/ and every kind of record', () => {
  const page = read('docs/operations.md')
  const code = globSync('src/**/*.ts', { cwd: root, exclude: ['src/sandbox/**'] }).map(read)
  const addresses = code.flatMap((text) =>
    [...text.matchAll(/'(\/api\/[a-z/-]+)'/g)].map(([, path = '']) => path),
  )
  expect(addresses).toContain('/api/freeze')
  expect(addresses.filter((path) => !page.includes(path))).toEqual([])
  const kinds = code.flatMap((text) =>
    [...text.matchAll(/appendRecord\([^)]*?kind: '([a-z -]+)'/g)].map(([, kind = '']) => kind),
  )
  expect(kinds).toContain('watched')
  expect(kinds.filter((kind) => !page.includes(`\`${kind}\``))).toEqual([])
})

describe('docs/architecture.md', () => {
  const page = read('docs/architecture.md')

  test('has one line for each folder of src, and for no other', () => {
    const named = [...page.matchAll(/^\| `src\/([\w.]+)\/?` \|/gm)].map(([, name]) => name ?? '')
    expect(named.sort()).toEqual(readdirSync(join(root, 'src')).sort())
  })

  test('shows the dependency table that the architecture test enforces', () => {
    const enforced = read('test/architecture.test.ts').match(/^const rows = (\[[\s\S]*?\n\])/m)?.[1] ?? ''
    const rows = [...enforced.matchAll(/^ {2}\[(.*)\],$/gm)].map(([, row = '']) => row.replaceAll("'", '`'))
    expect(rows.length).toBeGreaterThan(5)
    const shown = [...page.matchAll(/^\| \d+ \| (.*) \|$/gm)].map(([, row]) => row)
    expect(shown).toEqual(rows)
  })

  test('names only files and folders that exist', () => {
    const paths = [...page.matchAll(/`((?:src|test|docs)\/[\w./-]+)`/g)].map(([, path]) => path ?? '')
    expect(paths.length).toBeGreaterThan(20)
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  test('names only files and folders that exist in its picture', () => {
    const picture = page.match(/```mermaid\n([\s\S]*?)```/)?.[1] ?? ''
    const paths = [...picture.matchAll(/\["?\(?"?([a-z]+\/[\w./-]*)<br>/g)].map(([, path]) => path ?? '')
    expect(paths.length).toBeGreaterThan(5)
    expect(paths.filter((path) => !existsSync(join(root, 'src', path)))).toEqual([])
  })
})

describe('the table of facts in docs/security.md', () => {
  const table = read('docs/security.md').match(/^\| Fact \|[\s\S]*?\n\n/m)?.[0] ?? ''
  const named = [...table.matchAll(/`([a-z_]+)(?:\.([a-z_]+))?`/g)].flatMap(([, event = '', action]) =>
    events.has(event)
      ? [{ event, action: action ?? actionsOf(event)[0] ?? '' }]
      : action
        ? [{ event, action }]
        : [],
  )

  test('names events and actions that have a handler', () => {
    expect(named.length).toBeGreaterThan(25)
    expect(named.filter(({ event, action }) => !isHandled(event, action))).toEqual([])
  })

  test('names every event that can change a verdict', () => {
    const others = new Set([
      'check_run', // asks for an evaluation, and changes no fact
      'check_suite',
      'issue_comment', // a command in an incident
      'issues', // follow-up issues after a merge, and incidents
      'merge_group', // evaluated when it is merged
    ])
    const missing = [...events].filter(
      (event) => !others.has(event) && !named.some((one) => one.event === event),
    )
    expect(missing).toEqual([])
  })
})

const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
  .concat(readdirSync(join(root, 'docs')).map((name) => `docs/${name}`))
  .concat(readdirSync(join(root, 'docs/decisions')).map((name) => `docs/decisions/${name}`))
  .filter((file) => file.endsWith('.md'))

test.each(pages)('every link of %s to a file of this repository leads somewhere', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link]) => link ?? '')
  expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
})
