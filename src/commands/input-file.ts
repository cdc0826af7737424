import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Reads a file that the user named, or returns an error line. */
export function readInput(
  where: string,
  file: string,
  wanted: string,
): { text: string } | { mistake: string } {
  try {
    return { text: readFileSync(file, 'utf8') }
  } catch (error) {
    return { mistake: `${where}: cannot read ${file} (${codeOf(error)}). Expected ${wanted}.` }
  }
}

/** Reads a file that the user named. @throws the error line of `readInput`. */
export function requireInput(where: string, file: string, wanted: string): string {
  const read = readInput(where, file, wanted)
  if ('mistake' in read) throw new Error(read.mistake)
  return read.text
}

/**
 * Checks that the folder of an output file exists, before the work starts whose result goes there.
 *
 * @throws an error line where it does not.
 */
export function requireFolder(where: string, file: string): void {
  const folder = dirname(file)
  if (existsSync(folder)) return
  throw new Error(
    `${where}: cannot write ${file}: the folder ${folder} does not exist. Create it, or use another path.`,
  )
}

/** Writes a file that the user named. @throws an error line. */
export function writeOutput(where: string, file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new Error(
      `${where}: cannot write ${file} (${codeOf(error)}). Check the path and its permissions.`,
      { cause: error },
    )
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

/** Reads a file that the user named, a part at a time. @throws an error line. */
export async function* readParts(where: string, file: string, wanted: string): AsyncGenerator<Uint8Array> {
  try {
    const handle = await open(file)
    yield* handle.createReadStream()
  } catch (error) {
    throw new Error(`${where}: cannot read ${file} (${codeOf(error)}). Expected ${wanted}.`, { cause: error })
  }
}
