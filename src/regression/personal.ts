import { findPhoneNumbersInText } from 'libphonenumber-js/min'

/**
 * The kind of personal data that a value looks like; undefined for everything else. Reads the whole value in linear time, since
 * table contents may be hostile.
 */
export function personalDataKind(value: string): 'e-mail address' | 'phone number' | 'wallet' | undefined {
  if (holdsAddress(value)) return 'e-mail address'
  if (/0x[0-9a-f]{40}(?![0-9a-f])/i.test(value)) return 'wallet'
  return holdsPhoneNumber(value) ? 'phone number' : undefined
}

/** Domains that RFC 2606 reserves for examples reach nobody. */
const reservedDomain = /(^|\.)(example|test|invalid|localhost|example\.(com|net|org))$/i
const domainAtStart = /^(?:[\w-]{1,63}\.)+[a-z]{2,24}/i
const LONGEST_DOMAIN = 253

function holdsAddress(text: string): boolean {
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    if (!/[\w.+-]/.test(text.charAt(at - 1))) continue
    const domain = domainAtStart.exec(text.slice(at + 1, at + 1 + LONGEST_DOMAIN))?.[0]
    if (domain !== undefined && !reservedDomain.test(domain)) return true
  }
  return false
}

/** Only a plus makes a number international. The shortest ones have six digits. */
const maybePhone = /[+\uFF0B](?:[^\p{Nd}+\uFF0B]{0,4}\p{Nd}){6}/u

/** The search for numbers is slow on long texts, so it works on one window at a time. */
const WINDOW = 2000
/** The longest text that can be one number, so that every number is complete in at least one window. */
const OVERLAP = 250
/** How much text before a window is included, since the preceding text can rule a number out. */
const BEFORE = 50

function holdsPhoneNumber(text: string): boolean {
  for (let from = 0; from < text.length; from += WINDOW - OVERLAP) {
    const begin = Math.max(0, from - BEFORE)
    const window = text.slice(begin, from + WINDOW)
    if (!maybePhone.test(window)) continue
    // A match that begins within the overlap may be truncated; the next window contains all of it.
    const end = from + WINDOW < text.length ? from + WINDOW - OVERLAP : text.length
    if (findPhoneNumbersInText(window).some(({ startsAt }) => begin + startsAt < end)) return true
  }
  return false
}
