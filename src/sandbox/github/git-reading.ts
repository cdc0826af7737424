import type { Git } from './git.ts'

/** A commit as git holds it. Dates are milliseconds since 1970. */
export type Commit = {
  sha: string
  tree: string
  parents: string[]
  author: Signature
  committer: Signature
  message: string
}
export type Signature = { name: string; email: string; at: number }
export const noCommit = '0'.repeat(40)

/** The commit that a sha, branch or tag names; undefined when there is none. */
export async function findCommit(git: Git, name: string): Promise<Commit | undefined> {
  const object = await readRevision(git, name)
  return object ? parseCommit(object.id, object.content.toString('utf8')) : undefined
}

async function readRevision(git: Git, name: string) {
  if (/^[0-9a-f]{40}$/.test(name)) {
    const object = await git.read(name)
    return object?.type === 'commit' ? object : undefined
  }
  const names = name.startsWith('refs/')
    ? [name]
    : [`refs/heads/${name}`, `refs/tags/${name}`, `refs/${name}`]
  if (/^[0-9a-f]{7,39}$/.test(name)) names.push(name)
  if (name === 'HEAD') names.unshift('HEAD')
  for (const candidate of names) {
    const object = await git.read(`${candidate}^{commit}`)
    if (object?.type === 'commit') return object
  }
  return undefined
}

export async function shaOf(git: Git, name: string): Promise<string | undefined> {
  return (await readRevision(git, name))?.id
}

export async function commitsOf(git: Git, shas: string[]): Promise<Commit[]> {
  const found = await Promise.all(shas.map((sha) => findCommit(git, sha)))
  return found.filter((commit) => commit !== undefined)
}

function parseCommit(sha: string, text: string): Commit {
  const split = text.indexOf('\n\n')
  const headers = text.slice(0, split < 0 ? undefined : split).split('\n')
  const all = (key: string) =>
    headers.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1))
  return {
    sha,
    tree: all('tree')[0] ?? '',
    parents: all('parent'),
    author: parseSignature(all('author')[0]),
    committer: parseSignature(all('committer')[0]),
    message: split < 0 ? '' : text.slice(split + 2).replace(/\n$/, ''),
  }
}

function parseSignature(line = ''): Signature {
  const [, name = '', email = '', seconds = '0'] = /^(.*?) ?<([^>]*)> (-?\d+)/.exec(line) ?? []
  return { name, email, at: Number(seconds) * 1000 }
}

export async function listRefs(
  git: Git,
  prefix: string,
): Promise<{ ref: string; sha: string; type: string }[]> {
  const listed = await git.run([
    'for-each-ref',
    '--format=%(refname) %(objectname) %(objecttype)',
    `refs/${prefix}*`,
    `refs/${prefix}*/**`,
  ])
  const rows = listed.split('\n').filter(Boolean)
  return rows.map((row) => {
    const [ref = '', sha = '', type = 'commit'] = row.split(' ')
    return { ref, sha, type }
  })
}
