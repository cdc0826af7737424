import { readFileSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** What the databases and repositories of two files at a time take is a tenth of this. */
const enough = 4 * 1024 ** 3

/**
 * The folder for temporary files: in memory where the system has room for that. A run makes and removes some 100,000
 * files, and on a disk half of the time of `git clone` goes into finding free places for them.
 */
export function temporaryFiles(memory = '/dev/shm'): string {
  if (process.platform !== 'linux' || process.env.TMPDIR !== undefined) return tmpdir()
  try {
    const { bavail, bsize } = statfsSync(memory)
    const mount = readFileSync('/proc/mounts', 'utf8').match(new RegExp(` ${memory} .*`))?.[0] ?? ''
    // Tests start programs that they write there.
    return bavail * bsize >= enough && !/\bnoexec\b/.test(mount) ? memory : tmpdir()
  } catch {
    return tmpdir()
  }
}
