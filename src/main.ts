#!/usr/bin/env node
import module from 'node:module'
import manifest from '../package.json' with { type: 'json' }

/**
 * The command line's door. The cache must be on before anything else is loaded, so everything else is imported after it. An older
 * Node gets as far as this, and would stop at the first thing that it does not know.
 */
const own = process.versions.node
const needed = manifest.engines.node.replace('>=', '')
if (asNumber(own) < asNumber(needed)) {
  process.stderr.write(`release-gate needs Node ${needed} or newer; this is Node ${own}.\n`)
  process.exitCode = 2
} else {
  module.enableCompileCache()
  const { run } = await import('./commands/program.ts')
  await run(process.argv.slice(2))
}

function asNumber(version: string): number {
  return version.split('.').reduce((number, part) => number * 1000 + Number(part), 0)
}
