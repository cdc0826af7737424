import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Runbooks, readRunbooks } from '../regression/runbook/drill.ts'
import { requireInput } from './input-file.ts'

export type RunbookText = { file: string; text: string }

/** Every Markdown file of a folder, in the order of their names. @throws an error line. */
export function runbookTexts(where: string, folder: string): RunbookText[] {
  let names: string[]
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.md'))
  } catch {
    throw new Error(`${where}: ${folder} is not a folder that can be read. Give the one with the runbooks.`)
  }
  return names.sort().map((name) => {
    const file = join(folder, name)
    return { file, text: requireInput(where, file, 'a runbook') }
  })
}

/** The runbooks of a folder, for a run or a drill on this machine. */
export function localRunbooks(where: string, folder: string): Required<Runbooks> {
  const readFileOf = (path: string) => readFile(resolve(folder, path), 'utf8').catch(() => undefined)
  return { ...readRunbooks(runbookTexts(where, folder)), readFile: readFileOf }
}
