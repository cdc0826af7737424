import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { GitHub } from '../../../src/services/github/client.ts'
import { identityOfFile, readFile, readPolicyFile } from '../../../src/services/github/policy.ts'

const path = '.github/release-gate.yml'
const text = 'gates: { approvals: {} }\n'
const idOf = (content: string, algorithm = 'sha1') =>
  createHash(algorithm)
    .update(`blob ${Buffer.byteLength(content)}\0${content}`)
    .digest('hex')
const file = (sha: string, content = text) => ({
  type: 'file',
  encoding: 'base64',
  content: Buffer.from(content).toString('base64'),
  sha,
})

/** GitHub that shows this at the path, or answers with an error. */
function showing(shown: unknown): GitHub {
  const getContent = async () => {
    if (shown instanceof Error) throw shown
    return { data: shown }
  }
  return { rest: { repos: { getContent } } } as unknown as GitHub
}
const failing = (status: number, code?: string) =>
  Object.assign(new Error('No'), { status, response: { data: { errors: code ? [{ code }] : undefined } } })
const read = (shown: unknown) => readPolicyFile(showing(shown), { owner: 'acme', repo: 'shop' }, path)

describe('a policy file', () => {
  test.each([
    ['of SHA-1', idOf(text)],
    ['of SHA-256', idOf(text, 'sha256')],
  ])('has its text, where its id is that %s', async (_, sha) => {
    expect(await read(file(sha))).toEqual({ text, where: path, blob: sha })
  })

  test('is none where there is nothing', async () => {
    expect(await read(failing(404))).toBeUndefined()
  })

  test.each([
    ['a link to a file, which GitHub shows as that file', file(idOf('gates.yml')), 'symbolic link'],
    [
      'a link to something else',
      { type: 'symlink', target: 'nowhere', sha: idOf('nowhere') },
      'symbolic link',
    ],
    ['a submodule', { type: 'submodule', sha: idOf('a') }, 'submodule'],
    ['a folder', [file(idOf(text))], 'folder'],
    ['a file without its content', { ...file(idOf('a'), ''), encoding: 'none' }, 'larger than 1 MB'],
    ['a file that GitHub refuses to show', failing(403, 'too_large'), 'larger than 1 MB'],
  ])('is unusable, and has no text, where it is %s', async (_, shown, why) => {
    const unusable = await read(shown)
    expect(unusable).toMatchObject({ text: '', unusable: expect.stringContaining(why) })
    expect(identityOfFile(unusable)).not.toBe(unusable?.blob)
  })

  test.each([403, 500, 502])('is not known where GitHub answers %i', async (status) => {
    await expect(read(failing(status))).rejects.toThrow('No')
  })
})

test('any other file that GitHub refuses to show is an error that names it', async () => {
  const github = showing(failing(403, 'too_large'))
  await expect(readFile(github, { owner: 'acme', repo: 'shop' }, 'suite.yml')).rejects.toThrow(
    'suite.yml is larger than 1 MB',
  )
})
