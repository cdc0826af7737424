import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'

type Source = { PRIVATE_KEY?: string | undefined; PRIVATE_KEY_PATH?: string | undefined }

const fromGitHub = 'GitHub gives it under "Private keys" of the App\'s page'

/**
 * The App's private key as PEM, from the variable itself or from the file that another variable names. A problem names the
 * variable, what is wrong and how to mend it, and never holds what stood in the variable: that may be the key.
 */
export function readPrivateKey({
  PRIVATE_KEY: key,
  PRIVATE_KEY_PATH: path,
}: Source): { pem: string } | { problem: string } {
  if (key) return checked('PRIVATE_KEY', unquoted(key).replaceAll('\\n', '\n'))
  if (!path)
    return {
      problem: `PRIVATE_KEY: is not set; paste the key, or name its file in PRIVATE_KEY_PATH. ${fromGitHub}`,
    }
  if (path.includes('PRIVATE KEY'))
    return { problem: 'PRIVATE_KEY_PATH: holds a key, not the path of its file; move it to PRIVATE_KEY' }
  try {
    return checked('PRIVATE_KEY_PATH', readFileSync(path, 'utf8'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return {
      problem: `PRIVATE_KEY_PATH: the file cannot be read (${code}); name a file that this user may read`,
    }
  }
}

/** `docker run --env-file` hands the quotes of a line over too. */
function unquoted(text: string): string {
  return /^"(.*)"$/s.exec(text.trim())?.[1] ?? text
}

function checked(name: string, pem: string): { pem: string } | { problem: string } {
  try {
    if (createPrivateKey(pem).asymmetricKeyType === 'rsa') return { pem }
  } catch {
    // Told below: OpenSSL's words help nobody here.
  }
  return {
    problem: `${name}: is not a whole RSA key in PEM form; take the file that GitHub gave as it is. ${fromGitHub}`,
  }
}
