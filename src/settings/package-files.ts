import { findPackageJSON } from 'node:module'
import { pathToFileURL } from 'node:url'

/** Files that come with this package, found from its sources and from the published bundle alike. */

const root = pathToFileURL(String(findPackageJSON('..', import.meta.url)))

/** A file by its path from the root: `migrations/`. */
export function packageFile(path: string): URL {
  return new URL(path, root)
}

/** What a process or a thread of its own runs, by its path below `src/` without the extension. In the bundle it is an entry point. */
export function programFile(path: string): URL {
  return packageFile(import.meta.url.endsWith('.ts') ? `src/${path}.ts` : `dist/${path}.js`)
}
