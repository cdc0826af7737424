import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'

type Source = { PRIVATE_KEY?: string | undefined; PRIVATE_KEY_PATH?: string | undefined }

const fromGitHub = 'Download it from "Private keys" on the App\'s settings page'

/**
 * The App's private key as PEM, from the variable itself or from the file that another variable names. A problem names the
 * variable, what is wrong and how to fix it. It never contains the variable's value, which may be the key.
 */
export function readPrivateKey({
  PRIVATE_KEY: key,
  PRIVATE_KEY_PATH: path,
}: Source): { pem: string } | { problem: string } {
  if (key) return checked('PRIVATE_KEY', unquoted(key).replaceAll('\\n', '\n'))
  if (!path)
    return {
      problem: `PRIVATE_KEY: is not set. Paste the key, or set PRIVATE_KEY_PATH to its file. ${fromGitHub}`,
    }
  if (path.includes('PRIVATE KEY'))
    return { problem: 'PRIVATE_KEY_PATH: contains a key, not a path. Move it to PRIVATE_KEY' }
  try {
    return checked('PRIVATE_KEY_PATH', readFileSync(path, 'utf8'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return {
      problem: `PRIVATE_KEY_PATH: the file cannot be read (${code}). Check the path and its permissions`,
    }
  }
}

/** `docker run --env-file` passes the quotes of a line on. */
function unquoted(text: string): string {
  return /^"(.*)"$/s.exec(text.trim())?.[1] ?? text
}

function checked(name: string, pem: string): { pem: string } | { problem: string } {
  try {
    if (createPrivateKey(pem).asymmetricKeyType === 'rsa') return { pem }
  } catch {
    // Reported below: OpenSSL's own message does not help.
  }
  return {
    problem: `${name}: is not a complete RSA key in PEM format. Use the file from GitHub unchanged. ${fromGitHub}`,
  }
}
