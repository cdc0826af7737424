import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { breaks } from './break-list.ts'

/**
 * Breaks the code on purpose, one way after the other, each in a copy of its own, and asks whether the simulation notices:
 * `node test/simulation/breaks.ts [--runs 400] [name…]`. Exit code 1: one of them was not noticed.
 */
const names = process.argv.slice(2).filter((each) => !each.startsWith('--') && !/^\d+$/.test(each))
const runs = process.argv.includes('--runs') ? process.argv[process.argv.indexOf('--runs') + 1] : '400'
const root = new URL('../../', import.meta.url).pathname
const parts = ['src', 'test', 'migrations', 'package.json', 'package-lock.json', 'tsconfig.json']

let missed = 0
for (const { name, file, from, to } of breaks.filter(
  (each) => names.length === 0 || names.includes(each.name),
)) {
  const folder = await mkdtemp(join(tmpdir(), 'release-gate-break-'))
  for (const part of parts) await cp(join(root, part), join(folder, part), { recursive: true })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const text = await readFile(join(folder, file), 'utf8')
  if (text.split(from).length !== 2)
    throw new Error(`"${name}": ${file} does not hold the code to break exactly once`)
  await writeFile(
    join(folder, file),
    text.replace(from, () => to),
  )
  const { code, output } = await run(folder)
  const promise = /Broken: (.*)/.exec(output)?.[1]
  const caught = code === 1 && promise !== undefined
  if (!caught) missed++
  console.log(`${caught ? 'caught' : 'MISSED'}  ${name}${promise ? `: ${promise}` : ''}`)
  if (!caught && code !== 0) console.log(output.slice(-2_000))
  await rm(folder, { recursive: true, force: true })
}
process.exit(missed > 0 ? 1 : 0)

async function run(folder: string): Promise<{ code: number; output: string }> {
  // Small worlds: what notices a break is often the order of a timeline, and each world has one.
  const size = ['--runs', runs ?? '400', '--histories', '12']
  const child = spawn(process.execPath, ['test/simulation/run.ts', ...size, '--first'], { cwd: folder })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  const [code] = await once(child, 'exit')
  return { code, output }
}
