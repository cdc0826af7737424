import { readFileSync } from 'node:fs'

/** The text of a file that the user names, or a line that says where, what and how to mend it. */
export function readInput(
  where: string,
  file: string,
  wanted: string,
): { text: string } | { mistake: string } {
  try {
    return { text: readFileSync(file, 'utf8') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return { mistake: `${where}: ${file} cannot be read (${code}); give the path of ${wanted}.` }
  }
}
