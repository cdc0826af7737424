import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/** Wording that people have stumbled over, and what to write. */
const wording: [not: RegExp, use: string][] = [
  [/\bmend(s|ed|ing)?\b/i, 'fix, needs fixing'],
  [/\b(as|is|are|was|were|be|been) told\b/i, 'says, reports, or the active voice'],
  [/\b(every gate|all) holds?\b/i, 'passed'],
  [/\b(has|have|had) a say\b/i, 'counts, decides'],
  [/\blook(s|ed)? again\b|\blooked (at|into)\b/i, 'check, evaluate'],
  [/\bjudg(e|es|ed|ing)\b/i, 'evaluate, check, test'],
  [/(?<![.\w])unjudged\b/i, 'pending, not evaluated'],
  [
    /\b(somebody|someone|anybody|anyone|nobody|person|people) (who )?may write\b/i,
    'anyone with write access',
  ],
  [/\bperson with write access\b/i, 'someone with write access'],
  [/\bby (itself|themselves)\b/i, 'automatically, alone'],
  [/\b(go|goes|going|went) round\b/i, 'bypass'],
  [/\bsays? it is urgent\b/i, 'mark as urgent'],
  [/\bany more\b(?! \w+ than)/i, 'anymore, no longer'],
  [/\bmeans? no harm\b/i, 'harmless'],
  [/\boffer(s|ed|ing)? (a|an|the|this|that) (commit|head)\b/i, 'with the same head'],
  [/\bunheard\b|\bheard of\b/i, 'stale, changed since it was read'],
  [/\b(take|takes|taken|taking|took) back\b/i, 'revoke'],
  [/\bwish(es)?\b/i, 'request, action'],
  [/\bowe[sd]?\b/i, 'deferred, has to'],
  [/(?<!\b(t|w)?here )\bis no (?!longer\b)[a-z]/i, 'is not a'],
  [/\b(organisation|recognise|cancelled|misspelt|colour)|\blabelled\b(?!_)/i, 'American spelling'],
]

/** What people read: the documentation whole, and the texts and comments of the source without its code. */
function readable(file: string): string[] {
  const content = readFileSync(join(root, file), 'utf8')
  return file.endsWith('.ts') ? textsIn(content) : content.split(/\n(?=\s*(?:\n|[-|#]))/)
}

/** Comments, and quoted texts of more than one word. */
function textsIn(source: string): string[] {
  const tokens = source.match(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g) ?? []
  return tokens.filter((token) => token.includes(' ')).map((token) => token.replace(/\n\s*\*/g, ' '))
}

const kept = execFileSync('git', ['ls-files', '*.md', '*.yml', 'schema/*.json', 'src/*.ts'], { cwd: root })
const files = kept.toString().trim().split('\n')

test.each(wording)('nothing that people read has %s', (not, use) => {
  const found = files.flatMap((file) =>
    readable(file)
      .map((text) => text.replace(/\$\{[^{}]*\}/g, '…').replace(/\s+/g, ' '))
      .filter((text) => not.test(text))
      .map((text) => `${file}: "${not.exec(text)?.[0]}", write ${use}: ${text.slice(0, 160)}`),
  )
  expect(found).toEqual([])
})

test.each([
  'count: "two" is no number',
  'Every gate holds.',
  'The head was judged by itself.',
  'Somebody who may write takes it back, and nobody heard of it.',
  'That wish is owed.',
])('"%s" is found', (text) => {
  expect(wording.some(([not]) => not.test(text))).toBe(true)
})

test.each([
  'There is no window, and it is no longer open.',
  'It is harmless and has no more jobs than any other.',
  'INSERT INTO release_gate.unjudged',
])('"%s" is allowed', (text) => {
  expect(wording.filter(([not]) => not.test(text))).toEqual([])
})

test('texts of the source are its strings, templates and comments, not its names', () => {
  const source =
    "// judged now\nconst wish = read('1', /* a\n * wish */ `the head is ready`)\nsay('it\\'s mended')"
  expect(textsIn(source)).toEqual([
    '// judged now',
    '/* a  wish */',
    '`the head is ready`',
    "'it\\'s mended'",
  ])
  expect(files).toEqual(expect.arrayContaining(['README.md', 'docs/policy.md', 'src/decision/report.ts']))
})
