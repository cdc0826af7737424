#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

/** The command line's door. The cache must be on before anything else is loaded, so everything else is imported after it. */
enableCompileCache()
const { run } = await import('./commands/program.ts')
await run(process.argv.slice(2))
