import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cloneInto, currentBranch, openClone, tipIn } from './clone.ts'
import { type RunOptions, runGit } from './git-process.ts'
import type { Signature } from './git-reading.ts'
import type { Hub } from './hub.ts'
import type { Repository } from './repository-state.ts'
import { noReplyEmail } from './shapes/commit.ts'
import { pushBranch } from './working-copy-push.ts'
import type { Account } from './world.ts'

export type Person = { name: string; email: string }
export type CommitOptions = {
  author?: Person
  committer?: Person
  coAuthors?: Person[]
  /** ISO 8601 or milliseconds; the sandbox's time when left out. */
  date?: string | number
  amend?: boolean
}

/** A real clone on disk, in the hands of one person. Commits are theirs unless specified otherwise; a push is always theirs. */
export type WorkingCopy = {
  folder: string
  /** Any git command in the clone; answers its output, trimmed. */
  git(...args: string[]): Promise<string>
  write(files: Record<string, string | Buffer>): Promise<void>
  remove(...paths: string[]): Promise<void>
  /** Everything that changed, as one commit. Answers its sha. */
  commit(message: string, options?: CommitOptions): Promise<string>
  /** Makes the branch where HEAD is, or goes to it when it is there. */
  branch(name: string, from?: string): Promise<void>
  fetch(): Promise<void>
  merge(ref: string, message?: string): Promise<string>
  rebase(onto: string): Promise<string>
  head(ref?: string): Promise<string>
  /** Pushes a branch as the holder of the clone; throws what git would print when the branch's rules refuse it. */
  push(options?: { ref?: string; force?: boolean; remove?: boolean }): Promise<string>
}

export async function makeWorkingCopy(
  hub: Hub,
  repository: Repository,
  account: Account,
): Promise<WorkingCopy> {
  const folder = await mkdtemp(join(hub.folder, `clone-${account.login.replace(/\W/g, '-')}-`))
  await cloneInto(folder, repository.git.folder)
  const clone = openClone(folder, repository.git)
  const run = async (args: string[], options?: RunOptions) => {
    const { code, stdout, stderr } = await runGit(folder, args, options)
    if (code !== 0) throw new Error(`git ${args.join(' ')}: ${stderr.trim() || stdout.trim()}`)
    return stdout.trim()
  }
  const env = (options: CommitOptions = {}) => identity(account, options, hub.clock())
  const head = async (ref = 'HEAD') => tipIn(clone.folder, ref) ?? run(['rev-parse', ref])
  return {
    folder,
    git: (...args) => run(args, { env: env() }),
    write: (files) => writeFiles(folder, files),
    async remove(...paths) {
      for (const path of paths) await rm(join(folder, path), { recursive: true, force: true })
    },
    async commit(message, options = {}) {
      await run(['add', '--all'])
      const amend = options.amend ? ['--amend'] : []
      await run(['commit', '--quiet', '--allow-empty', ...amend, '--file=-'], {
        input: messageOf(message, options),
        env: env(options),
      })
      return head()
    },
    async branch(name, from) {
      const known =
        from === undefined && (await runGit(folder, ['rev-parse', '--verify', '--quiet', name])).code === 0
      const start = from === undefined ? [] : [from]
      await run(
        known
          ? ['switch', '--quiet', name]
          : ['switch', '--quiet', '--force-create', name, '--no-track', ...start],
      )
    },
    fetch: async () => void (await run(['fetch', '--quiet', '--prune', 'origin'])),
    async merge(ref, message) {
      await run(['merge', '--quiet', '--no-ff', '-m', message ?? `Merge ${ref}`, ref], { env: env() })
      return head()
    },
    async rebase(onto) {
      await run(['rebase', '--quiet', onto], { env: env() })
      return head()
    },
    head,
    async push({ ref, force = false, remove = false } = {}) {
      const branch = ref ?? currentBranch(clone.folder)
      return pushBranch(hub, repository, account, { git: clone, run, head }, { branch, force, remove })
    },
  }
}

/** The message with a line for each co-author, as GitHub writes them. */
export function messageOf(message: string, { coAuthors = [] }: CommitOptions): string {
  const trailers = coAuthors.map(({ name, email }) => `Co-authored-by: ${name} <${email}>`)
  return trailers.length > 0 ? `${message}\n\n${trailers.join('\n')}` : message
}

/** Whoever holds the account, unless somebody else is named. */
export function signaturesOf(
  account: Account,
  { author, committer, date }: CommitOptions,
  now: number,
): { author: Signature; committer: Signature } {
  const me = { name: account.name ?? account.login, email: account.email ?? noReplyEmail(account) }
  const at = date === undefined ? now : new Date(date).getTime()
  return { author: { ...(author ?? me), at }, committer: { ...(committer ?? me), at } }
}

function identity(account: Account, options: CommitOptions, now: number): Record<string, string> {
  const { author, committer } = signaturesOf(account, options, now)
  const dated = ({ at }: Signature) => `${Math.floor(at / 1000)} +0000`
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: dated(author),
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    GIT_COMMITTER_DATE: dated(committer),
    GIT_EDITOR: 'true',
  }
}

async function writeFiles(folder: string, files: Record<string, string | Buffer>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, content)
  }
}
