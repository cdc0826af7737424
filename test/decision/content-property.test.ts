import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { factsOf, prove } from '../support/content-proof.ts'
import { treeFrom } from '../support/git-facts.ts'
import { gitInAShell } from '../support/git-in-a-shell.ts'
import { type Files, gitRepository } from '../support/git-repository.ts'

const repository = gitRepository()
afterAll(repository.remove)
const { commit, merge, folder, options } = repository

/** A stretch of a text: lines that stay, then lines that the change or the base takes away, and what it puts there. */
type Stretch = { kept: string[]; removed: string[]; added: string[]; by: 'change' | 'base' }
type Text = { stretches: Stretch[]; rest: string[] }

/** The text after the edits of those who are named. */
function written({ stretches, rest }: Text, ...authors: Stretch['by'][]): string {
  const edited = stretches.flatMap((one) => [
    ...one.kept,
    ...(authors.includes(one.by) ? one.added : one.removed),
  ])
  return [...edited, ...rest].map((line) => `${line}\n`).join('')
}

function filesOf<T>(texts: readonly T[], write: (text: T) => string): Files {
  return Object.fromEntries(texts.map((text, index) => [`${index}.txt`, write(text)]))
}

/** Texts in which no line stands twice: there is one way only to draw each change. */
const line = fc.constant('')
const distinct: fc.Arbitrary<Text> = fc
  .record({
    stretches: fc.array(
      fc.record({
        kept: fc.array(line, { minLength: 1, maxLength: 5 }),
        removed: fc.array(line, { maxLength: 3 }),
        added: fc.array(line, { maxLength: 3 }),
        by: fc.constantFrom('change', 'base'),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    rest: fc.array(line, { minLength: 1, maxLength: 5 }),
  })
  .map(({ stretches, rest }) => {
    let count = 0
    const number = (lines: string[]) => lines.map(() => `line ${++count}`)
    const numbered = stretches.map(({ kept, removed, added, by }) => ({
      kept: number(kept),
      removed: number(removed),
      added: number(added),
      by,
    }))
    return { stretches: numbered, rest: number(rest) }
  })

it('every change that does not adjoin the base’s is recognised in git’s own merge', () => {
  fc.assert(
    fc.property(fc.array(distinct, { minLength: 20, maxLength: 40 }), (texts) => {
      const oldBase = commit(
        [],
        filesOf(texts, (text) => written(text)),
      )
      const oldHead = commit(
        [oldBase],
        filesOf(texts, (text) => written(text, 'change')),
      )
      const newBase = commit(
        [oldBase],
        filesOf(texts, (text) => written(text, 'base')),
      )
      const merged = merge(oldHead, newBase)
      expect(prove(factsOf(repository, { oldBase, oldHead, newBase, newHead: merged }))).toEqual({
        same: true,
      })
    }),
    { numRuns: 8, endOnFailure: true },
  )
})

/** Texts of few different lines, so that each change can be drawn in several ways and blocks have twins. */
const few = fc.constantFrom('if', '  run', '}', '')
const repetitive: fc.Arbitrary<Text> = fc.record({
  stretches: fc.array(
    fc.record({
      kept: fc.array(few, { maxLength: 6 }),
      removed: fc.array(few, { maxLength: 2 }),
      added: fc.array(few, { maxLength: 2 }),
      by: fc.constantFrom('change', 'base'),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  rest: fc.array(few, { maxLength: 6 }),
})

/** What an author may make of the newer head: the change itself, or some lines of it elsewhere, gone, doubled, or others. */
const forged = fc.record({
  text: repetitive,
  trick: fc.constantFrom('none', 'none', 'move', 'drop', 'add'),
  from: fc.nat(30),
  to: fc.nat(30),
  line: few,
})

type Forged = typeof forged extends fc.Arbitrary<infer T> ? T : never

function forgery({ text, trick, from, to, line }: Forged): string {
  const lines = written(text, 'change', 'base').split('\n').slice(0, -1)
  const [taken] =
    trick === 'move' || trick === 'drop' ? lines.splice(from % Math.max(1, lines.length), 1) : []
  const put = trick === 'add' ? line : trick === 'move' ? taken : undefined
  if (put !== undefined) lines.splice(to % (lines.length + 1), 0, put)
  return lines.map((one) => `${one}\n`).join('')
}

/** git's own merge of two commits: the blob that it makes of each path, or null where it sees a conflict. */
function gitMerge(ours: string, theirs: string): (path: string) => string | null {
  const args = ['merge-tree', '--write-tree', '--name-only', '--no-messages', ours, theirs]
  const { stdout } = gitInAShell(args, options)
  const [tree = '', ...conflicts] = stdout.toString('utf8').trim().split('\n')
  const merged = treeFrom(repository, tree).entries
  return (path) => (conflicts.includes(path) ? null : (merged.get(path)?.sha ?? null))
}

/**
 * Whether a text is git's clean merge of one file. git merges commits by a histogram diff, which now and then sees a conflict where
 * the diff that everybody is shown (and `git merge-file`) sees none.
 */
function isFileMerge(text: Text, head: string): boolean {
  const names = [written(text, 'change'), written(text), written(text, 'base')].map((content, index) => {
    const name = join(folder, '.git', `side-${index}`)
    writeFileSync(name, content)
    return name
  })
  const { status, stdout } = gitInAShell(['merge-file', '-p', ...names], options)
  return status === 0 && stdout.toString('utf8') === head
}

it('what is proved is what git’s own merge of change and base gives, whatever an author made of it', () => {
  const seen = { proved: 0, refused: 0 }
  fc.assert(
    fc.property(fc.array(forged, { minLength: 30, maxLength: 60 }), (cases) => {
      const oldBase = commit(
        [],
        filesOf(cases, ({ text }) => written(text)),
      )
      const oldHead = commit(
        [oldBase],
        filesOf(cases, ({ text }) => written(text, 'change')),
      )
      const newBase = commit(
        [oldBase],
        filesOf(cases, ({ text }) => written(text, 'base')),
      )
      const newHead = commit([newBase], filesOf(cases, forgery))
      const facts = factsOf(repository, { oldBase, oldHead, newBase, newHead })
      const proof = prove(facts)
      const merged = gitMerge(oldHead, newBase)
      for (const [index, one] of cases.entries()) {
        const path = `${index}.txt`
        const isProved = proof.same || !proof.paths.includes(path)
        seen[isProved ? 'proved' : 'refused']++
        if (!isProved) continue
        const clean = merged(path)
        const head = facts.after.headTree?.entries.get(path)?.sha
        if (clean !== null) expect({ ...one, head }).toEqual({ ...one, head: clean })
        else expect({ ...one, merges: isFileMerge(one.text, forgery(one)) }).toEqual({ ...one, merges: true })
      }
    }),
    { numRuns: 10, endOnFailure: true },
  )
  expect(seen.proved).toBeGreaterThan(50)
  expect(seen.refused).toBeGreaterThan(50)
})
