import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** The text of a file that the user names, or a line that says where, what and how to mend it. */
export function readInput(
  where: string,
  file: string,
  wanted: string,
): { text: string } | { mistake: string } {
  try {
    return { text: readFileSync(file, 'utf8') }
  } catch (error) {
    return { mistake: `${where}: ${file} cannot be read (${codeOf(error)}); give the path of ${wanted}.` }
  }
}

/** The text of a file that the user names. @throws the line that `readInput` gives for one that cannot be read. */
export function needInput(where: string, file: string, wanted: string): string {
  const read = readInput(where, file, wanted)
  if ('mistake' in read) throw new Error(read.mistake)
  return read.text
}

/**
 * To be asked before the work is done whose result goes into a file.
 *
 * @throws a line that says where, what and how to mend it, where the folder of the file does not exist.
 */
export function needFolder(where: string, file: string): void {
  const folder = dirname(file)
  if (existsSync(folder)) return
  throw new Error(
    `${where}: ${file} cannot be written: there is no folder ${folder}; make it, or give another path.`,
  )
}

/** Writes a file that the user names. @throws a line that says where, what and how to mend it. */
export function writeOutput(where: string, file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new Error(
      `${where}: ${file} cannot be written (${codeOf(error)}); give the path of a file that you may write.`,
      { cause: error },
    )
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
