import { describe, expect, it } from 'vitest'
import { refuseMalformed } from '../../../src/services/github/answers.ts'

const read = (path: string, data: unknown) =>
  refuseMalformed({ method: 'GET', url: `https://ghe.example/api/v3${path}` }, { status: 200, data })
const pull = {
  number: 1,
  state: 'open',
  merged: false,
  user: null,
  labels: [],
  head: { ref: 'a', sha: 'b', repo: null },
  base: { ref: 'main', sha: 'c', repo: { id: 7 } },
}

describe('an answer that decides something', () => {
  it.each<[string, string, unknown]>([
    [
      'a page of a proxy in place of a policy file',
      '/repos/a/b/contents/.github/x.yml',
      '<html>Sign in</html>',
    ],
    ['a file without its content', '/repos/a/b/contents/x.yml', { type: 'file', sha: 'x' }],
    [
      'a file that is too large to be shown',
      '/repos/a/b/contents/x.yml',
      { type: 'file', sha: 'x', content: '', encoding: 'none' },
    ],
    ['an object in place of a list of reviews', '/repos/a/b/pulls/1/reviews', { message: 'Moved' }],
    ['a review without a commit', '/repos/a/b/pulls/1/reviews', [{ id: 1, state: 'APPROVED', user: null }]],
    ['a pull request without a head', '/repos/a/b/pulls/1', { ...pull, head: undefined }],
    [
      'a pull request whose base is of no repository',
      '/repos/a/b/pulls/1',
      { ...pull, base: { ref: 'main' } },
    ],
    ['a page in place of any list', '/repos/a/b/labels', '<html>Unicorn!</html>'],
    ['members without ids', '/orgs/a/teams/b/members', [{ login: 'ana' }]],
    ['a comparison that does not count its commits', '/repos/a/b/compare/a...b', { commits: [] }],
  ])('is refused where it is %s', (_, path, data) => {
    expect(() => read(path, data)).toThrow(`GET ${path.split('?')[0]}`)
  })

  it.each<[string, string, unknown]>([
    ['a pull request, with more than is read', '/repos/a/b/pulls/1', { ...pull, more: true }],
    ['a folder', '/repos/a/b/contents/.github', [{ type: 'file' }]],
    ['a list that decides nothing', '/repos/a/b/labels', [{}]],
    ['nothing at all', '/repos/a/b/anything', ''],
  ])('passes where it is %s', (_, path, data) => {
    expect(() => read(path, data)).not.toThrow()
  })

  it('names the place of what is wrong', () => {
    const reviews = [{ id: 1, state: 'APPROVED', commit_id: 'x', user: { id: 'one', login: 'ana' } }]
    expect(() => read('/repos/a/b/pulls/1/reviews', reviews)).toThrow(
      "GitHub's answer to GET /repos/a/b/pulls/1/reviews is not as documented at 0.user.id",
    )
  })
})
