import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { policyAtHead } from '../../src/policy/policy-at-head.ts'
import { parsePolicy, policyPath } from '../../src/policy/policy-file.ts'
import type { GitHub } from '../../src/services/github/client.ts'
import { aSnapshot, shaOf } from '../support/snapshot.ts'

const text = 'gates: { approvals: {} }\n'
const blob = createHash('sha1').update(`blob ${text.length}\0${text}`).digest('hex')
const [base, head, began] = ['base', 'head', 'began'].map(shaOf) as [string, string, string]
const read = parsePolicy(text)
if (!read.ok) throw new Error('invalid')
const file = { text, where: policyPath, blob }
const applicable = { kind: 'policy' as const, policy: read.policy, file, files: { own: file }, note: '' }

type Listed = { filename: string; status: string; previous_filename?: string }

/** GitHub, which has the policy everywhere but at the head, and lists these files as changed. */
function listing(files: Listed[]): GitHub {
  const commit = (sha: string, ...parents: string[]) => ({
    sha,
    parents: parents.map((parent) => ({ sha: parent })),
    author: null,
    committer: null,
    commit: { message: '', tree: { sha: shaOf(`tree of ${sha}`) }, author: null, committer: null },
  })
  const data = {
    base_commit: commit(base, began),
    merge_base_commit: commit(began),
    commits: [commit(head, began)],
    total_commits: 1,
    ahead_by: 1,
    files: files.map((one) => ({ ...one, sha: null, additions: 0, deletions: 1, changes: 1 })),
  }
  const content = Buffer.from(text).toString('base64')
  const getContent = async ({ ref }: { ref?: string }) => {
    if (ref === head) throw Object.assign(new Error('Not Found'), { status: 404 })
    return { data: { type: 'file', encoding: 'base64', content, sha: blob } }
  }
  return {
    rest: { repos: { getContent, compareCommitsWithBasehead: async () => ({ data }) } },
  } as unknown as GitHub
}

const atHead = (files: Listed[]) => {
  const facts = new Map<string, unknown>()
  const store = {
    get: async <Value>(key: string) => facts.get(key) as Value | undefined,
    put: async (key: string, value: unknown) => void facts.set(key, value),
  }
  return policyAtHead(
    listing(files),
    store,
    aSnapshot({ head: { sha: head }, base: { sha: base } }),
    applicable,
  )
}

test.each<[string, Listed]>([
  ['removed', { filename: policyPath, status: 'removed' }],
  ['renamed', { filename: 'old.yml', status: 'renamed', previous_filename: policyPath }],
])('a policy that is not at the head, and that GitHub lists as %s, is removed', async (_, one) => {
  expect(await atHead([one])).toEqual({ policy: undefined, removed: 'policy' })
})

test.each<[string, Listed[]]>([
  ['as modified', [{ filename: policyPath, status: 'modified' }]],
  ['not at all', [{ filename: 'a.ts', status: 'modified' }]],
])('one that GitHub does not find at the head, and lists %s, is unclear', async (_, files) => {
  expect(await atHead(files)).toEqual({ unclear: true })
})
