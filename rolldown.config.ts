import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { defineConfig, type Plugin } from 'rolldown'
import manifest from './package.json' with { type: 'json' }

/**
 * Packages that the bot and the demo alone load, that read files of their own, or that would be the larger part of the bundle. All
 * others are bundled: a command that starts from hundreds of files starts in twice the time.
 */
const external = [
  '@electric-sql/pglite',
  '@octokit/rest',
  '@slack/web-api',
  '@supabase/supabase-js',
  'date-holidays',
  'libphonenumber-js',
  'pg',
  'pg-boss',
  'pino',
  'probot',
  'prom-client',
]

const nameOf = (specifier: string) => specifier.match(/^(@[^/]+\/)?[^/]+/)?.[0] ?? specifier

export default defineConfig({
  input: {
    main: 'src/main.ts',
    'commands/stuck-thread': 'src/commands/stuck-thread.ts',
    'staging/run-thread': 'src/staging/run-thread.ts',
  },
  platform: 'node',
  external: (specifier) => isBuiltin(specifier) || external.includes(nameOf(specifier)),
  plugins: [licenses(), installedImportsOnly()],
  output: {
    dir: 'dist',
    format: 'es',
    cleanDir: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  },
})

/** The licenses of the packages in the bundle, which ask to be passed on with it. */
function licenses(): Plugin {
  return {
    name: 'licenses',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
      const folders = new Set(
        files.flatMap((file) => file.match(/^.*\/node_modules\/(@[^/]+\/)?[^/]+/)?.[0] ?? []),
      )
      this.emitFile({
        type: 'asset',
        fileName: 'THIRD-PARTY-LICENSES.txt',
        source: [...folders].sort().map(licenseOf).join('\n\n'),
      })
    },
  }
}

function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const [file] = globSync('{LICENSE,LICENCE,license,licence}*', { cwd: folder })
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : ''
  return `# ${name} ${version} (${license})\n\n${text}`
}

/** What is imported from outside of the bundle is installed with it: a development dependency would be missing. */
function installedImportsOnly(): Plugin {
  return {
    name: 'installed-imports-only',
    generateBundle(_options, bundle) {
      const imports = Object.values(bundle).flatMap((file) =>
        file.type === 'chunk' ? [...file.imports, ...file.dynamicImports] : [],
      )
      const missing = imports.filter(
        (name) => !(name in bundle) && !isBuiltin(name) && !(nameOf(name) in manifest.dependencies),
      )
      if (missing.length > 0) this.error(`not among the dependencies: ${missing.join(', ')}`)
    },
  }
}
