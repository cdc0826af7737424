import { RE2JS } from 're2js'
import { isJsonNumber, numberText } from './exact.ts'

/** Hides what must not be stored or printed: known values, and what looks like a secret. */
export type Redactor = {
  /** Adds a value that must never appear, such as a captured one. */
  hide: (value: string) => void
  text: (text: string) => string
  value: (value: unknown) => unknown
  /** How many values that look like a secret, but were not known as one, have been hidden. */
  leaks: () => number
}

const hidden = '[redacted]'

/** Shapes of secrets, each by its issuer's documented prefix. RE2, so that no answer can hang the run. */
const shapes = [
  'eyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*',
  'gh[pousr]_[A-Za-z0-9]{20,}',
  'github_pat_[A-Za-z0-9_]{20,}',
  'xox[abeprs]-[A-Za-z0-9-]{10,}',
  'sk_(live|test)_[A-Za-z0-9]{10,}',
  'sb_secret_[A-Za-z0-9_-]{10,}',
  'AKIA[0-9A-Z]{16}',
  'AIza[0-9A-Za-z_-]{35}',
  'npm_[A-Za-z0-9]{30,}',
  '-----BEGIN [A-Z ]*PRIVATE KEY-----[A-Za-z0-9+/=\\s\\\\n-]*?(-----END [A-Z ]*PRIVATE KEY-----|$)',
  '(?i:bearer)\\s+[A-Za-z0-9._~+/-]{16,}=*',
  'postgres(ql)?://[^:/\\s]+:[^@\\s]+@',
]
/** Compiled for the first text that needs it: that takes as long as ten calls, and most runs need it never. */
let compiled: RE2JS | undefined
function secretsIn(text: string) {
  compiled ??= RE2JS.compile(shapes.map((one) => `(?:${one})`).join('|'))
  return compiled.matcher(text)
}
const secretKey =
  /^(.*[_-])?(password|passwd|secret|api[_-]?key|private[_-]?key|access[_-]?token|refresh[_-]?token|service[_-]?role[_-]?key)$/i

/** Fragments of which every shape contains one. Searched first, since RE2 is slow on texts without a match. */
const traces = /eyJ|gh[pousr]_|github_pat_|xox|sk_|sb_secret_|AKIA|AIza|npm_|PRIVATE KEY|bearer|postgres/i

/** A redactor for these values. Values shorter than 4 characters are ignored, since they would hide half the report. */
export function createRedactor(known: readonly string[] = []): Redactor {
  const values = new Set<string>()
  let leaks = 0

  function hide(value: string): void {
    if (value.length < 4) return
    values.add(value)
    values.add(JSON.stringify(value).slice(1, -1))
    values.add(encodeURIComponent(value))
  }

  function text(given: string): string {
    let result = given
    for (const value of longestFirst(values)) result = result.replaceAll(value, hidden)
    if (!traces.test(result)) return result
    const matcher = secretsIn(result)
    let found = 0
    while (matcher.find()) found += 1
    if (found === 0) return result
    leaks += found
    return secretsIn(result).replaceAll(hidden)
  }

  function value(given: unknown): unknown {
    if (typeof given === 'string') return text(given)
    if (Array.isArray(given)) return given.map(value)
    if (given === null || typeof given !== 'object' || isJsonNumber(given)) return hideNumber(given)
    return Object.fromEntries(Object.entries(given).map(([key, item]) => [text(key), member(key, item)]))
  }

  function member(key: string, item: unknown): unknown {
    if (typeof item !== 'string' || item === '' || !secretKey.test(key)) return value(item)
    if (text(item) === item) leaks += 1
    return hidden
  }

  function hideNumber(given: unknown): unknown {
    return isJsonNumber(given) && values.has(numberText(given)) ? hidden : given
  }

  for (const one of known) hide(one)
  return { hide, text, value, leaks: () => leaks }
}

function longestFirst(values: Set<string>): string[] {
  return [...values].sort((one, other) => other.length - one.length)
}
